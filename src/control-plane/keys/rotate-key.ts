import { Fault } from '../../base/fault.ts';
import { RotateKey } from '../../contract/keys.ts';
import { findKey, rotateKey as rotateStoredKey } from '../../storage/keys.ts';
import { mayChange, maySee } from '../configuration/visibility.ts';
import { makeKeyValue } from '../make-key.ts';
import { bindChange } from '../operation.ts';
import { refusal } from './revoke-key.ts';
import { findStarterKeyId } from './starter-key.ts';
import { toKey } from './to-key.ts';

/** The key stays what it is to policies, sessions and servers: only its value changes. */
export const rotateKey = bindChange(RotateKey, async ({ params, body, tx, viewer, services }) => {
  const before = await findKey(tx, params.id);
  if (before === undefined || !maySee(viewer, before)) throw refusal(params.id, services);
  if (!mayChange(viewer, before)) throw new Fault('auth.scope_missing', { detail: `${viewer.principalId} may not change what is public` });
  if (before.revokedAtMs !== undefined) throw new Fault('request.conflict', { message: 'The key is revoked: make another one.', reason: 'revoked' });
  const { value, ...proof } = await makeKeyValue(tx, { id: before.id, isSealed: before.sealedValue !== undefined }, services);
  const former = body.overlapSeconds === 0 ? undefined : { digest: before.digest, untilMs: services.clock.nowMs() + body.overlapSeconds * 1_000 };
  const key = { ...before, ...proof, former };
  await rotateStoredKey(tx, key.id, key);
  return { answer: { ...toKey(key, await findStarterKeyId(tx)), value }, event: { subject: key.id, detail: { name: key.name, overlapSeconds: body.overlapSeconds } } };
});
