/**
 * Deletes an object. While others use it that is refused, and the refusal says by what; with force, endpoints of a
 * namespace and workflows of an endpoint go with it, and namespaces and keys lose the reference.
 */
import { Fault } from '../../base/fault.ts';
import type { FieldError } from '../../contract/problem.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { SEPARATOR } from '../../protocol/names.ts';
import { listActiveKeys, revokeKey, updateKeyReach } from '../../storage/keys.ts';
import type { ConfigObject, ConfigReference } from '../configuration/config-object.ts';
import type { ConfigDraft } from '../configuration/draft.ts';
import { refuseOwned } from '../configuration/plan.ts';
import { mayChange, maySee, type Viewer } from '../configuration/visibility.ts';
import { usersOf } from './show-object.ts';

export interface Deleted {
  /** `section.name` of each. */
  readonly deleted: readonly string[];
  readonly changed: readonly string[];
}

export interface DeleteOptions {
  readonly isForced: boolean;
  readonly viewer: Viewer;
  readonly nowMs: number;
}

/** Faults: `request.conflict`. */
export async function deleteObject(draft: ConfigDraft, object: ConfigObject, options: DeleteOptions): Promise<Deleted> {
  const users = usersOf(draft.objects, object);
  const keys = object.kind === 'endpoints' ? (await listActiveKeys(draft.tx)).filter((key) => key.endpoints.includes(object.name)) : [];
  // Taking a policy out of a namespace could open it: that is never a side effect.
  const isForced = options.isForced && object.kind !== 'policies';
  if (!isForced && users.length + keys.length > 0) {
    throw inUse(object, users.map((user) => (maySee(options.viewer, user) ? nameOf(user) : 'something private')).concat(keys.map((key) => `keys.${key.name}`)));
  }
  const deleted: string[] = [];
  const changed: string[] = [];
  for (const user of users) {
    if (!mayChange(options.viewer, user)) throw inUse(object, ['something private']);
    refuseOwned(user);
    if (user.kind === 'endpoints' || user.kind === 'workflows') {
      const gone = await deleteObject(draft, user, options);
      deleted.push(...gone.deleted);
      changed.push(...gone.changed);
    } else {
      await draft.update(user, { body: without(user, object) });
      changed.push(nameOf(user));
    }
  }
  for (const key of keys) {
    const endpoints = key.endpoints.filter((name) => name !== object.name);
    // An empty list would be a key for nothing that nobody notices.
    if (endpoints.length === 0) await revokeKey(draft.tx, key.id, options.nowMs);
    else await updateKeyReach(draft.tx, key.id, { endpoints, expiresAtMs: key.expiresAtMs });
    (endpoints.length === 0 ? deleted : changed).push(`keys.${key.name}`);
  }
  await draft.delete(object);
  return { deleted: [...deleted, nameOf(object)], changed };
}

function nameOf({ kind, name }: ConfigReference): string {
  return `${kind}.${name}`;
}

function inUse(object: ConfigReference, users: readonly string[]): Fault {
  const errors: FieldError[] = users.map((user) => ({ path: user, expected: `no use of ${nameOf(object)}`, message: `uses ${nameOf(object)}` }));
  return new Fault('request.conflict', { message: `${nameOf(object)} is in use by ${users.join(', ')}: release it first, or delete with force.`, reason: 'in_use', data: { errors } });
}

/** The body of a namespace or key without what is deleted. */
function without({ kind, body }: ConfigObject, gone: ConfigReference): JsonObject {
  // A price without its server would be one for all.
  if (kind === 'prices') return body;
  if (kind === 'keys') return { ...body, endpoints: listOf(body['endpoints']).filter((name) => name !== gone.name) };
  const members = listOf(body['servers']);
  const isGone = (member: unknown): boolean => (isObject(member) ? member['server'] : member) === gone.name;
  const shown = members.filter(isGone).map((member) => String(isObject(member) ? (member['as'] ?? gone.name) : member));
  const overrides = (['tools', 'prompts', 'resources'] as const).flatMap((primitive) => {
    const given = body[primitive];
    return isObject(given) ? [[primitive, Object.fromEntries(Object.entries(given).filter(([key]) => !shown.some((name) => key.startsWith(name + SEPARATOR))))]] : [];
  });
  return { ...body, servers: members.filter((member) => !isGone(member)), ...Object.fromEntries(overrides) };
}

function listOf(value: JsonObject[string]) {
  return Array.isArray(value) ? value : [];
}
