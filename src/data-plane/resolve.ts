/** Stage 5: exposed name → server and own name. What the catalog does not hold does not exist, whatever the reason. */
import { Fault } from '../base/fault.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { withoutHopMeta } from '../protocol/meta.ts';
import { type Catalog, type Entry, findReadable } from './catalog.ts';
import type { Decoded, Resolved, Target } from './exchange.ts';

/** Throws `routing.unknown`, `request.params_invalid`. */
export function resolve(decoded: Decoded, catalog: Catalog): Resolved {
  const params = withoutHopMeta(decoded.params);
  const found = find(decoded.method, params, catalog);
  if (found === undefined) throw unknown(decoded.method, params);
  const { entry, upstreamParams } = found;
  const target: Target = { server: entry.member.server, as: entry.member.as, own: entry.own, entry: 'definition' in entry ? (entry as Entry) : undefined };
  return Object.assign(decoded, { target, upstreamParams });
}

interface Found {
  readonly entry: Pick<Entry, 'member' | 'own'> | Entry;
  readonly upstreamParams: JsonObject;
}

function find(method: string, params: JsonObject, catalog: Catalog): Found | undefined {
  if (method === 'tools/call') {
    const entry = catalog.tools.entries.get(text(params, 'name'));
    return entry && { entry, upstreamParams: { ...withArguments(params, entry), name: entry.own } };
  }
  if (method === 'prompts/get') {
    const entry = catalog.prompts.entries.get(text(params, 'name'));
    return entry && { entry, upstreamParams: { ...withArguments(params, entry), name: entry.own } };
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

/** The arguments as the override wants them: defaults filled in, fixed ones set, hidden ones refused. */
function withArguments(params: JsonObject, entry: Entry): JsonObject {
  const given = params['arguments'];
  if (given !== undefined && !isObject(given)) throw new Fault('request.params_invalid', { message: 'arguments is not an object' });
  const { override } = entry;
  if (override === undefined) return params;
  const hidden = override.hiddenArguments.find((name) => given !== undefined && name in given) ?? Object.keys(override.fixedArguments).find((name) => given !== undefined && name in given);
  if (hidden !== undefined) throw new Fault('request.params_invalid', { message: `Unknown argument: ${hidden}` });
  const changed: Record<string, JsonValue | undefined> = { ...override.argumentDefaults, ...given, ...override.fixedArguments };
  return given === undefined && Object.keys(changed).length === 0 ? params : { ...params, arguments: changed };
}

function text(params: JsonObject, key: string): string {
  const value = params[key];
  if (typeof value !== 'string') throw new Fault('request.params_invalid', { message: `${key} is not a string` });
  return value;
}

/** MCP answers unknown names with -32602 and names them (tools, "Error Handling"; resources since 2026-07-28). */
function unknown(method: string, params: JsonObject): Fault {
  if (method === 'tools/call') return new Fault('routing.unknown', { message: `Unknown tool: ${String(params['name']).slice(0, 200)}` });
  if (method === 'prompts/get') return new Fault('routing.unknown', { message: `Unknown prompt: ${String(params['name']).slice(0, 200)}` });
  if (method === 'completion/complete') return new Fault('routing.unknown', { message: 'Unknown reference' });
  return new Fault('routing.unknown', { message: 'Resource not found', data: { uri: String(params['uri']).slice(0, 2_000) } });
}
