import { Fault } from '../../base/fault.ts';
import { CreateKey } from '../../contract/keys.ts';
import type { FieldError } from '../../contract/problem.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { insertKey } from '../../storage/keys.ts';
import { bindChange } from '../operation.ts';
import { makeKey } from './make-key.ts';
import { toKey } from './to-key.ts';

/** Makes a key. Its value is in this answer and nowhere else: what is stored is a keyed digest. */
export const createKey = bindChange(CreateKey, async ({ body, tx, services }) => {
  const { name } = body;
  const expiresAtMs = body.expiresAt === null ? undefined : Date.parse(body.expiresAt);
  refuseUnusable(body.endpoints, services.snapshot());
  if (expiresAtMs !== undefined && expiresAtMs <= services.clock.nowMs()) throw invalid({ path: 'body.expiresAt', expected: 'a time to come' });
  // The configuration file would win over a stored key of the same name.
  if ([...services.snapshot().keys.values()].some((one) => one.name === name)) {
    throw new Fault('request.conflict', { message: `There is a key named ${JSON.stringify(name)} already.` });
  }

  const endpoints = body.endpoints.length === 0 ? ['*'] : body.endpoints;
  const { key, value } = makeKey({ name, endpoints, expiresAtMs, isSealed: false }, services);
  await insertKey(tx, key);
  return {
    answer: { ...toKey(key, undefined), value },
    event: { subject: key.id, detail: { name, endpoints, expiresAtMs: expiresAtMs ?? null } },
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
