import { ListKeys } from '../../contract/keys.ts';
import { listKeys as listStoredKeys } from '../../storage/keys.ts';
import { maySee } from '../configuration/visibility.ts';
import { bindRead } from '../operation.ts';
import { findStarterKeyId } from './starter-key.ts';
import { toFileKey, toKey } from './to-key.ts';

export const listKeys = bindRead(ListKeys, async ({ db, viewer, services }) => {
  const all = await listStoredKeys(db);
  const stored = all.filter((key) => maySee(viewer, key));
  const starterKeyId = await findStarterKeyId(db);
  const ids = new Set(all.map((key) => key.id));
  const ofFile = [...services.snapshot().keys.values()].filter((key) => !ids.has(key.id));
  return { items: [...stored.map((key) => toKey(key, starterKeyId)), ...ofFile.map(toFileKey)] };
});
