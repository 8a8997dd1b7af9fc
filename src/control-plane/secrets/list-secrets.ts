import { toIso } from '../../base/clock.ts';
import { ListSecrets } from '../../contract/secrets.ts';
import { listSecrets as listStored } from '../../storage/secrets.ts';
import { bindRead } from '../operation.ts';
import { usedBy } from './used-by.ts';

export const listSecrets = bindRead(ListSecrets, async ({ db, services }) => {
  const stored = await listStored(db);
  return { items: stored.map(({ name, createdAtMs, updatedAtMs }) => ({ name, createdAt: toIso(createdAtMs), updatedAt: toIso(updatedAtMs), usedBy: usedBy(name, services.snapshot()) })) };
});
