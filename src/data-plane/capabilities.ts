/** What a client said it can do: which questions of a server that allows, and how each family of servers is told. */
import { isObject, type JsonObject, type JsonValue, MODERN_REVISION, type Revision } from '../protocol/messages.ts';
import { REVISION_TABLES, TASKS_EXTENSION_ID } from '../protocol/revisions.ts';

/** Who can do what, as the client said it. */
export interface Declarer {
  readonly revision: Revision;
  readonly capabilities: JsonObject;
}

const CAPABILITY_OF: ReadonlyMap<string, string> = new Map([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
]);

/** Everything that a client can be asked, as a legacy server is told on behalf of clients that say it per request. */
const ALL_ASKABLE: JsonObject = { sampling: { context: {}, tools: {} }, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };

/** The client may be asked something by a server. */
export function wantsInteraction(capabilities: JsonObject): boolean {
  return isObject(capabilities['sampling']) || isObject(capabilities['elicitation']) || isObject(capabilities['roots']);
}

/**
 * The capability that is missing for asking this client that, in the shape of `data.requiredCapabilities` of -32021;
 * undefined where it may be asked.
 */
export function missingCapability(method: string, params: JsonObject, client: Declarer): JsonObject | undefined {
  const name = CAPABILITY_OF.get(method);
  const table = REVISION_TABLES[client.revision];
  if (name === undefined || !table.serverRequests.has(method)) return { [name ?? method]: {} };
  const declared = client.capabilities[name];
  if (!isObject(declared)) return { [name]: {} };
  if (method === 'sampling/createMessage') return usesTools(params) && !isObject(declared['tools']) ? { sampling: { tools: {} } } : undefined;
  if (method !== 'elicitation/create') return undefined;
  if (params['mode'] === 'url') return table.hasUrlElicitation && isObject(declared['url']) ? undefined : { elicitation: { url: {} } };
  // Neither mode named means forms, as before there were modes (2025-11-25 and later, client/elicitation, "Capabilities").
  return isObject(declared['form']) || !isObject(declared['url']) ? undefined : { elicitation: { form: {} } };
}

/** Only clients that say so can be asked to sample with tools (2025-11-25 and later, client/sampling). */
function usesTools(params: JsonObject): boolean {
  return params['tools'] !== undefined || params['toolChoice'] !== undefined;
}

/** Whether the client takes part in the Tasks extension (SEP-2663), which only 2026-07-28 has. */
export function hasTasksExtension(client: Declarer): boolean {
  const extensions = client.capabilities['extensions'];
  return client.revision === MODERN_REVISION && isObject(extensions) && isObject(extensions[TASKS_EXTENSION_ID]);
}

/**
 * What a legacy server is told when a connection is opened for this client. A legacy client's own capabilities, but for
 * tasks of its own, which a server could not reach through us. Modern clients say what they can do per request, so the
 * server is told that everything may be possible, and refused what is not.
 */
export function declaredToLegacy(client: Declarer): JsonObject {
  const extensions = extensionsOf(client);
  if (client.revision === MODERN_REVISION) return { ...ALL_ASKABLE, ...extensions };
  return { ...askableOf(client), ...extensions };
}

/** What a modern server is told with each request. */
export function declaredToModern(client: Declarer): JsonObject {
  if (client.revision === MODERN_REVISION) return client.capabilities;
  const known = toldToModern.get(client.capabilities);
  if (known?.revision === client.revision) return known.declared;
  const { roots, ...askable } = askableOf(client);
  const declared = { ...askable, ...(roots === undefined ? {} : { roots: {} }), ...extensionsOf(client) };
  toldToModern.set(client.capabilities, { revision: client.revision, declared });
  return declared;
}

/** A session says what it can do once. */
const toldToModern = new WeakMap<JsonObject, { readonly revision: Revision; readonly declared: JsonObject }>();

function askableOf({ revision, capabilities }: Declarer): JsonObject {
  const table = REVISION_TABLES[revision];
  const found: Record<string, JsonValue | undefined> = {};
  for (const [method, name] of CAPABILITY_OF) {
    const declared = capabilities[name];
    if (isObject(declared) && table.serverRequests.has(method)) found[name] = declared;
  }
  const { elicitation } = found;
  if (isObject(elicitation) && !table.hasUrlElicitation) found['elicitation'] = {};
  return found;
}

/** Extensions pass through: what they mean is between client and server. Tasks are of 2026-07-28 alone. */
function extensionsOf({ capabilities }: Declarer): JsonObject {
  const { extensions, experimental } = capabilities;
  const { [TASKS_EXTENSION_ID]: _, ...others } = isObject(extensions) ? extensions : {};
  return { ...(Object.keys(others).length === 0 ? {} : { extensions: others }), ...(isObject(experimental) ? { experimental } : {}) };
}
