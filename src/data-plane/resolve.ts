/** Stage 5: exposed name → server and own name. What the catalog does not hold does not exist, whatever the reason. */
import { Fault } from '../base/fault.ts';
import type { Member, NamespaceSpec } from '../model/namespace.ts';
import { isObject, type JsonObject, MODERN_REVISION } from '../protocol/messages.ts';
import { withoutHopMeta } from '../protocol/meta.ts';
import { SEPARATOR } from '../protocol/names.ts';
import { type Catalog, type Entry, findReadable } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import type { Decoded, Resolved, Target } from './exchange.ts';
import type { TaskIds } from './task-ids.ts';
import { checkMirroredParams, toParamHeaders } from '../protocol/mirrored-params.ts';
import { unknownTarget } from './unknown-target.ts';

export interface ResolveDeps {
  readonly catalogs: Catalogs;
  readonly taskIds: TaskIds;
}

/** A call waits for a server until its start is so old; the server's own start deadline ends it earlier. */
const START_PATIENCE_MS = 30_000;

/** At once, or after servers that still start have told what they have. Throws `routing.unknown`, `request.params_invalid`, `request.header_mismatch`, `upstream.unavailable`. */
export function resolve(decoded: Decoded, { catalogs, taskIds }: ResolveDeps): Resolved | Promise<Resolved> {
  if (decoded.method.startsWith('tasks/')) return resolveTask(decoded, taskIds);
  const { namespace } = decoded.endpoint;
  const params = withoutHopMeta(decoded.params);
  const found = find(decoded.method, params, catalogs.of(namespace));
  return found === undefined ? resolveLater(decoded, params, catalogs) : toResolved(decoded, params, found);
}

async function resolveLater(decoded: Decoded, params: JsonObject, catalogs: Catalogs): Promise<Resolved> {
  const { namespace } = decoded.endpoint;
  const members = candidates(decoded.method, params, namespace);
  const servers = members.map((member) => member.server);
  if (catalogs.isStarting(servers, START_PATIENCE_MS)) {
    await catalogs.started(servers, START_PATIENCE_MS);
    const found = find(decoded.method, params, catalogs.of(namespace));
    if (found !== undefined) return toResolved(decoded, params, found);
  }
  throw quarantinedTarget(decoded, params, catalogs.of(namespace)) ?? missing(decoded.method, params, members, catalogs);
}

function toResolved(decoded: Decoded, params: JsonObject, { entry, upstreamParams }: Found): Resolved {
  const listed = 'definition' in entry ? entry : undefined;
  const target: Target = { server: entry.member.server, as: entry.member.as, own: entry.own, entry: listed };
  const mirrored = listed?.mirrored ?? [];
  // Who came through a tool of ours never saw the schema that says what to mirror.
  if (decoded.client.revision === MODERN_REVISION && decoded.via === undefined) checkMirroredParams(mirrored, params, decoded.paramHeaders);
  return Object.assign(decoded, { target, upstreamParams, paramHeaders: toParamHeaders(mirrored, params, decoded.paramHeaders) });
}

/** The id itself says whose task it is. */
function resolveTask(decoded: Decoded, taskIds: TaskIds): Resolved {
  const params = withoutHopMeta(decoded.params);
  const { member, own } = taskIds.find(params['taskId'], decoded);
  const target: Target = { server: member.server, as: member.as, own, entry: undefined };
  return Object.assign(decoded, { target, upstreamParams: { ...params, taskId: own } });
}

interface Found {
  readonly entry: Pick<Entry, 'member' | 'own'> | Entry;
  readonly upstreamParams: JsonObject;
}

function find(method: string, params: JsonObject, catalog: Catalog): Found | undefined {
  if (method === 'tools/call') {
    const entry = catalog.tools.entries.get(text(params, 'name'));
    return entry === undefined || entry.group !== undefined ? undefined : { entry, upstreamParams: { ...params, name: entry.own } };
  }
  if (method === 'prompts/get') {
    const entry = catalog.prompts.entries.get(text(params, 'name'));
    return entry && { entry, upstreamParams: { ...params, name: entry.own } };
  }
  if (method === 'resources/read' || method === 'resources/subscribe' || method === 'resources/unsubscribe') {
    const entry = findReadable(catalog, text(params, 'uri'));
    return entry && { entry, upstreamParams: { ...params, uri: entry.own } };
  }
  if (method === 'completion/complete') return findCompletion(params, catalog);
  return undefined;
}

function findCompletion(params: JsonObject, catalog: Catalog): Found | undefined {
  const ref = params['ref'];
  if (!isObject(ref)) throw new Fault('request.params_invalid', { message: 'ref is required' });
  if (ref['type'] === 'ref/prompt') {
    const entry = catalog.prompts.entries.get(text(ref, 'name'));
    return entry && { entry, upstreamParams: { ...params, ref: { ...ref, name: entry.own } } };
  }
  if (ref['type'] !== 'ref/resource') throw new Fault('request.params_invalid', { message: 'ref.type is ref/prompt or ref/resource' });
  const uri = text(ref, 'uri');
  const entry = catalog.resourceTemplates.entries.get(uri) ?? catalog.resources.entries.get(uri);
  return entry && { entry, upstreamParams: { ...params, ref: { ...ref, uri: entry.own } } };
}

function text(params: JsonObject, key: string): string {
  const value = params[key];
  if (typeof value !== 'string') throw new Fault('request.params_invalid', { message: `${key} is not a string` });
  return value;
}

/** Whose it may be while nothing is listed under that name: with prefixes the name says it, and a rename names its server. */
function candidates(method: string, params: JsonObject, namespace: NamespaceSpec): readonly Member[] {
  const kind = method === 'tools/call' ? 'tool' : method === 'prompts/get' ? 'prompt' : undefined;
  if (kind === undefined) return namespace.members;
  const name = text(params, 'name');
  const renamed = [...namespace.overrides[kind]].find(([, override]) => override.name === name)?.[0];
  if (renamed !== undefined) return namespace.members.filter((member) => renamed.startsWith(member.as + SEPARATOR));
  if (namespace.prefix === 'none') return namespace.members;
  return namespace.members.filter((member) => name.startsWith(member.as + namespace.separator));
}

/** Whoever is no operator is told what it would be told of a tool that is not there. */
function quarantinedTarget({ method, principal }: Decoded, params: JsonObject, { quarantined }: Catalog): Fault | undefined {
  const kind = method === 'tools/call' ? 'tool' : method === 'prompts/get' ? 'prompt' : undefined;
  const verdict = kind && quarantined.get(`${kind} ${text(params, 'name')}`);
  if (verdict === undefined) return undefined;
  const detail = `quarantined: ${verdict.reasons.join(', ') || verdict.state}`;
  return principal.kind === 'operator' ? new Fault('policy.quarantined', { detail }) : unknownTarget(method, params, detail);
}

/** Nothing is known of the only server that may have it: that is its failure, not the client's. */
function missing(method: string, params: JsonObject, members: readonly Member[], catalogs: Catalogs): Fault {
  const [only] = members;
  const state = only === undefined || members.length > 1 ? undefined : catalogs.unlisted(only.server);
  if (only === undefined || state === undefined) return unknownTarget(method, params);
  const { refusal } = state;
  const retry = refusal?.retryAfterSeconds === undefined ? {} : { message: refusal.message, retryAfterSeconds: refusal.retryAfterSeconds };
  return new Fault('upstream.unavailable', { server: only.as, reason: refusal?.reason ?? state.status, detail: state.lastError ?? 'it has told nothing yet', ...retry });
}
