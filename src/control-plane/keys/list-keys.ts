import { ListKeys } from '../../contract/keys.ts';
import { listKeys as listStoredKeys } from '../../storage/keys.ts';
import { bindRead } from '../operation.ts';
import { findStarterKeyId } from './starter-key.ts';
import { toFileKey, toKey } from './to-key.ts';

export const listKeys = bindRead(ListKeys, async ({ db, services }) => {
  const stored = await listStoredKeys(db);
  const starterKeyId = await findStarterKeyId(db);
  const ids = new Set(stored.map((key) => key.id));
  const ofFile = [...services.snapshot().keys.values()].filter((key) => !ids.has(key.id));
  return { items: [...stored.map((key) => toKey(key, starterKeyId)), ...ofFile.map(toFileKey)] };
});
