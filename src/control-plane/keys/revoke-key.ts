import { Fault } from '../../base/fault.ts';
import { RevokeKey } from '../../contract/keys.ts';
import { findKey, revokeKey as revokeStoredKey } from '../../storage/keys.ts';
import { mayChange, maySee } from '../configuration/visibility.ts';
import { type AdminServices, bindChange } from '../operation.ts';
import { findStarterKeyId } from './starter-key.ts';
import { toKey } from './to-key.ts';

/** Revokes a key. The answer follows the new snapshot: once it is there, the key opens nothing. */
export const revokeKey = bindChange(RevokeKey, async ({ params, tx, viewer, services }) => {
  const before = await findKey(tx, params.id);
  if (before === undefined || !maySee(viewer, before)) throw refusal(params.id, services);
  if (!mayChange(viewer, before)) throw new Fault('auth.scope_missing', { detail: `${viewer.principalId} may not change what is public` });
  await revokeStoredKey(tx, params.id, services.clock.nowMs());
  const key = (await findKey(tx, params.id)) ?? before;
  return { answer: toKey(key, await findStarterKeyId(tx)), event: { subject: key.id, detail: { name: key.name } } };
});

/** What is not a stored key that one sees: nothing, or one of the configuration file. */
export function refusal(id: string, { snapshot, objects }: AdminServices): Fault {
  const name = [...snapshot().keys.values()].find((one) => one.id === id)?.name;
  const ofDocument = objects().find((object) => object.kind === 'keys' && object.name === name);
  if (ofDocument === undefined) return new Fault('request.not_found', { message: 'There is no key of this id.', reason: 'key' });
  return new Fault('request.conflict', { message: `The configuration ${ofDocument.managedBy ?? ''} owns the key ${ofDocument.name}: take it out there.`, reason: 'owned_by_file' });
}
