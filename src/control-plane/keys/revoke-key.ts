import { Fault } from '../../base/fault.ts';
import { RevokeKey } from '../../contract/keys.ts';
import { findKey, revokeKey as revokeStoredKey } from '../../storage/keys.ts';
import { bindChange } from '../operation.ts';
import { findStarterKeyId } from './starter-key.ts';
import { toKey } from './to-key.ts';

/** Revokes a key. The answer follows the new snapshot: once it is there, the key opens nothing. */
export const revokeKey = bindChange(RevokeKey, async ({ params, tx, services }) => {
  await revokeStoredKey(tx, params.id, services.clock.nowMs());
  const key = await findKey(tx, params.id);
  if (key === undefined)
    throw refusal(
      params.id,
      [...services.snapshot().keys.values()].some((one) => one.id === params.id),
    );
  return { answer: toKey(key, await findStarterKeyId(tx)), event: { subject: key.id, detail: { name: key.name } } };
});

function refusal(id: string, isOfFile: boolean): Fault {
  if (!isOfFile) return new Fault('request.not_found', { message: 'There is no key of this id.', reason: 'key' });
  return new Fault('request.conflict', { message: `The configuration file owns the key ${id}: take it out there.`, reason: 'owned_by_file' });
}
