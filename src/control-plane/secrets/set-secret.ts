import { toIso } from '../../base/clock.ts';
import { SetSecret } from '../../contract/secrets.ts';
import { upsertSecret } from '../../storage/secrets.ts';
import { bindChange } from '../operation.ts';
import { usedBy } from './used-by.ts';

export const setSecret = bindChange(SetSecret, async ({ params, body, tx, services }) => {
  const { name } = params;
  const { createdAtMs, updatedAtMs } = await upsertSecret(tx, services.envelope, { name, value: body.value, atMs: services.clock.nowMs() });
  return {
    answer: { name, createdAt: toIso(createdAtMs), updatedAt: toIso(updatedAtMs), usedBy: usedBy(name, services.snapshot()) },
    event: { subject: name, detail: { isNew: createdAtMs === updatedAtMs } },
  };
});
