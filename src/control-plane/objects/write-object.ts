/** Makes and changes one object in a draft: who may, which version is meant, what masks stand for. */
import { Fault } from '../../base/fault.ts';
import { configInvalid, locateFindings } from '../../model/config-problem.ts';
import { PROCESS_TYPES } from '../../model/server.ts';
import { serverTypeOf } from '../../model/server-config.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import type { ConfigObject, ConfigReference } from '../configuration/config-object.ts';
import type { ConfigDraft } from '../configuration/draft.ts';
import { restoreBody } from '../configuration/mask.ts';
import { refuseOwned } from '../configuration/plan.ts';
import { refuseInvalid } from '../configuration/refuse-invalid.ts';
import { mayChange, maySee, type Viewer } from '../configuration/visibility.ts';
import { getObject } from './show-object.ts';

export interface CreateInput extends ConfigReference {
  readonly body: JsonObject;
  readonly visibility: 'public' | 'private' | undefined;
}

/** Faults: `auth.scope_missing`, `config.invalid`, `request.conflict`. */
export async function createObject(draft: ConfigDraft, { kind, name, body, visibility }: CreateInput, viewer: Viewer): Promise<ConfigObject> {
  const isPublic = (visibility ?? (viewer.permissions.has('public:write') ? 'public' : 'private')) === 'public';
  if (isPublic) require(viewer, 'public:write');
  const made = checked(draft, { kind, name, body, stored: undefined }, viewer);
  return draft.insert({ kind, name, body: made, owner: isPublic ? undefined : viewer.principalId, managedBy: undefined });
}

export interface ChangeInput extends ConfigReference {
  /** The new body, made of the stored one. */
  readonly change: (stored: JsonObject) => JsonObject;
  readonly ifMatch: string | undefined;
}

/** Faults: `request.not_found`, `request.precondition_failed`, `auth.scope_missing`, `config.invalid`, `request.conflict`. */
export async function changeObject(draft: ConfigDraft, { kind, name, change, ifMatch }: ChangeInput, viewer: Viewer): Promise<ConfigObject> {
  const object = getChangeable(draft, { kind, name }, { viewer, ifMatch });
  return draft.update(object, { body: checked(draft, { kind, name, body: change(object.body), stored: object.body }, viewer) });
}

/** Throws as `changeObject` does before it changes anything. */
export function getChangeable(draft: ConfigDraft, reference: ConfigReference, { viewer, ifMatch }: { readonly viewer: Viewer; readonly ifMatch: string | undefined }): ConfigObject {
  const object = getObject(draft.objects, reference, viewer);
  if (!mayChange(viewer, object)) throw new Fault('auth.scope_missing', { detail: `${viewer.principalId} may not change what is public` });
  refuseOwned(object);
  if (ifMatch !== undefined && !isMatch(ifMatch, object.version)) throw new Fault('request.precondition_failed');
  return object;
}

/** RFC 9110 section 13.1.1, strong comparison. */
export function isMatch(ifMatch: string, version: number): boolean {
  return ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === `"${version}"`);
}

interface Candidate extends ConfigReference {
  readonly body: JsonObject;
  readonly stored: JsonObject | undefined;
}

function checked(draft: ConfigDraft, { kind, name, body, stored }: Candidate, viewer: Viewer): JsonObject {
  if (JSON.stringify([name, body]).includes('"__proto__"')) throw configInvalid([{ path: `${kind}.${name}`, line: undefined, column: undefined, message: 'expected another name: __proto__ is reserved' }]);
  const restored = restoreBody(kind, body, stored);
  if (restored.findings.length > 0) throw configInvalid(locateFindings(restored.findings.map((finding) => ({ ...finding, path: [kind, name, ...finding.path] })), undefined));
  refuseInvalid(
    draft.objects.filter((object) => maySee(viewer, object)),
    { [kind]: { [name]: restored.body } },
  );
  if (kind === 'servers') refuseProcess(restored.body, viewer);
  return restored.body;
}

/** A server that is a process runs with the rights of the gateway. */
export function refuseProcess(body: JsonObject, viewer: Viewer): void {
  // So does reading a file of this machine.
  if (PROCESS_TYPES.has(serverTypeOf(body)) || (typeof body['document'] === 'string' && !/^https?:/.test(body['document']))) require(viewer, 'process:define');
}

function require(viewer: Viewer, permission: 'public:write' | 'process:define'): void {
  if (!viewer.permissions.has(permission)) throw new Fault('auth.scope_missing', { detail: `${viewer.principalId} lacks ${permission}` });
}

/** JSON Merge Patch (RFC 7396). */
export function mergePatch(target: JsonValue | undefined, patch: JsonObject): JsonObject {
  const merged = new Map<string, JsonValue | undefined>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, isObject(value) ? mergePatch(merged.get(key), value) : value);
  }
  return Object.fromEntries(merged);
}
