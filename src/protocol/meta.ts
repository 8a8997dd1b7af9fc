/** The `_meta` keys of 2026-07-28 (specification, basic/index, "_meta") and those of ours. */
import { isObject, type JsonObject, type JsonValue } from './messages.ts';

export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
  /** 2025-11-25: the task that a message belongs to, `{taskId}`. Passes on. */
  relatedTask: 'io.modelcontextprotocol/related-task',
} as const;

/** On requests to a modern server: `clientInfo` of the client on whose behalf the gateway asks. */
export const META_CLIENT = 'metamcp/client';

/** On list results: servers whose part is missing or stale, `[{server, state}]`. */
export const META_SERVERS = 'metamcp/servers';

/** On results that the server could not be asked for anew: `{ageMs, because}`, the age of what is given in its place and the fault. */
export const META_STALE = 'metamcp/stale';

/** On requests: `{agent, stage}`, labels that narrow what policy allows for this request. */
export const META_LABELS = 'metamcp/labels';

/** On calls of a capability group: `true` asks which member would be called, and why, instead of calling it. */
export const META_DRY_RUN = 'metamcp/dryRun';

/** Keys that belong to one hop of the wire and never pass on. */
const HOP_KEYS: ReadonlySet<string> = new Set([META.protocolVersion, META.clientCapabilities, META.clientInfo, META.logLevel, META.serverInfo, META.subscriptionId, 'progressToken']);

/** `_meta` of params as an object, empty where absent or malformed. */
export function metaOf(params: JsonObject): JsonObject {
  const meta = params['_meta'];
  return isObject(meta) ? meta : {};
}

/** Params without what belongs to the client's hop: reserved `_meta` keys. The same object where there is nothing to take out. */
export function withoutHopMeta(params: JsonObject): JsonObject {
  const meta = params['_meta'];
  if (!isObject(meta)) return params;
  const kept: Record<string, JsonValue | undefined> = {};
  let isEmpty = true;
  for (const [key, value] of Object.entries(meta)) {
    if (HOP_KEYS.has(key)) continue;
    kept[key] = value;
    isEmpty = false;
  }
  const { _meta: _, ...rest } = params;
  return isEmpty ? rest : { ...rest, _meta: kept };
}
