/** What a client said it can do, and which requests of a server that allows. */
import { isObject, type JsonObject, type Revision } from '../protocol/messages.ts';
import { REVISION_TABLES } from '../protocol/revisions.ts';

const CAPABILITY_OF: ReadonlyMap<string, string> = new Map([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
]);

/** The client may be asked something by a server. */
export function wantsInteraction(capabilities: JsonObject): boolean {
  return isObject(capabilities['sampling']) || isObject(capabilities['elicitation']) || isObject(capabilities['roots']);
}

/**
 * The capability that is missing for asking this client that, in the shape of `data.requiredCapabilities` of -32021;
 * undefined where it may be asked.
 */
export function missingCapability(method: string, params: JsonObject, client: { readonly revision: Revision; readonly capabilities: JsonObject }): JsonObject | undefined {
  const name = CAPABILITY_OF.get(method);
  const table = REVISION_TABLES[client.revision];
  if (name === undefined || !table.serverRequests.has(method)) return { [name ?? method]: {} };
  const declared = client.capabilities[name];
  if (!isObject(declared)) return { [name]: {} };
  if (method !== 'elicitation/create' || params['mode'] !== 'url') return undefined;
  return table.hasUrlElicitation && isObject(declared['url']) ? undefined : { elicitation: { url: {} } };
}
