import { digestOf, newKeyValue } from '../../auth/keys.ts';
import { Fault } from '../../base/fault.ts';
import { newId } from '../../base/ids.ts';
import { CreateKey } from '../../contract/keys.ts';
import type { FieldError } from '../../contract/problem.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { insertKey, type StoredKey } from '../../storage/keys.ts';
import { bindChange } from '../operation.ts';
import { toKey } from './to-key.ts';

/** Makes a key. Its value is in this answer and nowhere else: what is stored is a keyed digest. */
export const createKey = bindChange(CreateKey, async ({ body, tx, services }) => {
  const { clock, random, instanceKey, snapshot } = services;
  const createdAtMs = clock.nowMs();
  const expiresAtMs = body.expiresAt === null ? undefined : Date.parse(body.expiresAt);
  refuseUnusable(body.endpoints, snapshot());
  if (expiresAtMs !== undefined && expiresAtMs <= createdAtMs) throw invalid({ path: 'body.expiresAt', expected: 'a time to come' });

  const value = newKeyValue(random);
  const key: StoredKey = {
    id: newId('key', clock, random),
    name: body.name,
    endpoints: body.endpoints.length === 0 ? ['*'] : body.endpoints,
    digest: digestOf(instanceKey.pepper, value),
    sealedValue: undefined,
    expiresAtMs,
    createdAtMs,
    lastUsedAtMs: undefined,
    revokedAtMs: undefined,
  };
  await insertKey(tx, key);
  return {
    answer: { ...toKey(key, undefined), value },
    event: { subject: key.id, detail: { name: key.name, endpoints: key.endpoints, expiresAtMs: key.expiresAtMs ?? null } },
  };
});

/** A key for an endpoint that is not there would open nothing, and nobody would notice the slip. */
function refuseUnusable(endpoints: readonly string[], { endpoints: known }: Snapshot): void {
  const index = endpoints.findIndex((name) => name !== '*' && !known.has(name));
  if (index !== -1) throw invalid({ path: `body.endpoints[${index}]`, expected: `one of ${['*', ...known.keys()].join(', ')}` });
}

function invalid(error: Omit<FieldError, 'message'>): Fault {
  const errors: FieldError[] = [{ ...error, message: `must be ${error.expected}` }];
  return new Fault('request.params_invalid', { data: { errors } });
}
