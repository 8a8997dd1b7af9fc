import { Fault } from '../../base/fault.ts';
import { CreateKey } from '../../contract/keys.ts';
import type { FieldError } from '../../contract/problem.ts';
import { insertKey } from '../../storage/keys.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { mayRefer } from '../configuration/visibility.ts';
import { bindChange } from '../operation.ts';
import { makeKey } from '../make-key.ts';
import { toKey } from './to-key.ts';

/** Makes a key. Its value is in this answer and nowhere else: what is stored is a keyed digest. */
export const createKey = bindChange(CreateKey, async ({ body, tx, viewer, services }) => {
  const { name } = body;
  const expiresAtMs = body.expiresAt === null ? undefined : Date.parse(body.expiresAt);
  const visibility = body.visibility ?? (viewer.permissions.has('public:write') ? 'public' : 'private');
  if (visibility === 'public' && !viewer.permissions.has('public:write')) throw new Fault('auth.scope_missing', { detail: `${viewer.principalId} lacks public:write` });
  const owner = visibility === 'public' ? undefined : viewer.principalId;
  const reachable = services.objects().filter((object) => mayRefer({ owner }, object));
  refuseUnusable('endpoints', body.endpoints, reachable);
  refuseUnusable('namespaces', body.namespaces ?? [], reachable);
  if (expiresAtMs !== undefined && expiresAtMs <= services.clock.nowMs()) throw invalid({ path: 'body.expiresAt', expected: 'a time to come' });
  // The configuration file would win over a stored key of the same name.
  if ([...services.snapshot().keys.values()].some((one) => one.name === name)) {
    throw new Fault('request.conflict', { message: `There is a key named ${JSON.stringify(name)} already.` });
  }

  const [namespaces, tools] = [body.namespaces ?? undefined, body.tools ?? undefined];
  const endpoints = body.endpoints.length === 0 ? ['*'] : body.endpoints;
  const { key, value } = await makeKey(tx, { name, endpoints, namespaces, tools, expiresAtMs, isSealed: false, owner }, services);
  await insertKey(tx, key);
  return {
    answer: { ...toKey(key, undefined), value },
    event: { subject: key.id, detail: { name, endpoints, namespaces: body.namespaces, tools: body.tools, expiresAtMs: expiresAtMs ?? null } },
  };
});

/** A key for an endpoint that is not there would open nothing, and nobody would notice the slip. */
function refuseUnusable(kind: 'endpoints' | 'namespaces', names: readonly string[], reachable: readonly ConfigObject[]): void {
  const known = [...(kind === 'endpoints' ? ['*'] : []), ...reachable.filter((object) => object.kind === kind).map((object) => object.name)];
  const index = names.findIndex((name) => !known.includes(name));
  if (index !== -1) throw invalid({ path: `body.${kind}[${index}]`, expected: `one of ${known.join(', ')}` });
}

function invalid(error: Omit<FieldError, 'message'>): Fault {
  const errors: FieldError[] = [{ ...error, message: `must be ${error.expected}` }];
  return new Fault('request.params_invalid', { data: { errors } });
}
