/**
 * Configuration files of MCP clients: `{"mcpServers": {…}}` (Claude Desktop, Cursor, MetaMCP's export and most others),
 * the `server.json` of the official registry, VS Code's `mcp.json` with `servers`, mostly beside `inputs`, and VS Code's settings with `mcp.servers`. They become servers of ours in a
 * namespace and an endpoint named `default`. What else is in such a file belongs to that client and is left alone.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import type { ConfigPath } from './config-problem.ts';
import type { ForeignConfig } from './foreign-form.ts';
import { legalServerName } from './legal-server-name.ts';
import { nearestName } from './nearest-name.ts';
import { fromRegistryServer } from './registry-server.ts';
import { ServerConfigSchema, serverTypeOf } from './server-config.ts';

/** The address of a remote server under other programs' names. */
const URL_ALIASES = ['serverUrl', 'httpUrl'] as const;
const SERVER_FIELDS = Object.keys(ServerConfigSchema.shape);

/** Undefined for a file that is no client's: one of ours, or nonsense. `name` is the file's, without folders. */
export function fromForeignConfig(file: unknown, name: string): ForeignConfig | undefined {
  const root = isObject(file) ? file : {};
  const registered = fromRegistryServer(root);
  if (registered !== undefined) return registered;
  const base = findServers(root, name);
  if (base === undefined) return undefined;
  const entries = base.reduce<JsonValue | undefined>((value, key) => (isObject(value) ? value[key] : undefined), root);
  if (!isObject(entries)) return { value: { servers: entries }, warnings: [], toSource: (path) => (path[0] === 'servers' ? base : []) };

  const warnings = Object.hasOwn(root, 'namespaces') || Object.hasOwn(root, 'endpoints') ? ['namespaces and endpoints are not read from a file that has mcpServers'] : [];
  const servers: Record<string, JsonValue | undefined> = {};
  const sources = new Map<string, string>();
  for (const [given, entry] of Object.entries(entries)) {
    const legal = legalServerName(given, sources);
    sources.set(legal, given);
    if (legal !== given) warnings.push(`server "${given}" is called "${legal}" here`);
    servers[legal] = isObject(entry) ? fromForeignServer(entry, legal, warnings) : entry;
  }
  const value = {
    servers,
    namespaces: { default: { servers: [...sources.keys()] } },
    endpoints: { default: { namespace: 'default' } },
  };
  return { value, warnings, toSource: (path) => toSource(path, base, sources) };
}

function findServers(root: JsonObject, name: string): ConfigPath | undefined {
  if (Object.hasOwn(root, 'mcpServers')) return ['mcpServers'];
  const isOnlyServers = Object.keys(root).every((key) => key === 'servers' || key === '$schema');
  if (Object.hasOwn(root, 'servers') && (Object.hasOwn(root, 'inputs') || (isOnlyServers && name === 'mcp.json'))) return ['servers'];
  return isObject(root['mcp']) && Object.hasOwn(root['mcp'], 'servers') ? ['mcp', 'servers'] : undefined;
}

function toSource(path: ConfigPath, base: ConfigPath, sources: ReadonlyMap<string, string>): ConfigPath {
  const [noun, name, ...rest] = path;
  if (noun !== 'servers' || name === undefined) return base;
  return [...base, sources.get(String(name)) ?? name, ...rest];
}

function fromForeignServer(entry: JsonObject, name: string, warnings: string[]): JsonObject {
  const server: Record<string, JsonValue | undefined> = {};
  for (const [field, value] of Object.entries(entry)) {
    if (value === null || value === undefined || value === '') continue;
    const own = (URL_ALIASES as readonly string[]).includes(field) ? 'url' : field;
    if (SERVER_FIELDS.includes(own)) server[own] = translate(value);
    else warnings.push(`server "${name}": "${field}" is not read; the nearest known name is "${nearestName(field, SERVER_FIELDS)}"`);
  }
  if (typeof server['type'] === 'string') server['type'] = server['type'].toLowerCase();
  dropOtherTypes(server, name, warnings);
  return server;
}

/** Exports list every field of every type; only the ones of the server's own type mean something. */
function dropOtherTypes(server: Record<string, JsonValue | undefined>, name: string, warnings: string[]): void {
  const type = serverTypeOf(server);
  if (type === undefined) return;
  for (const field of type === 'stdio' ? ['url', 'headers', 'bearerToken'] : ['command', 'args', 'env', 'cwd']) {
    const value = server[field];
    if (value === undefined) continue;
    delete server[field];
    if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) warnings.push(`server "${name}": "${field}" is not read, since its type is ${type}`);
  }
}

/** VS Code's and Cursor's `${input:api-key}` and `${env:NAME}` as our `${API_KEY}` and `${NAME}`. */
function translate(value: JsonValue): JsonValue {
  if (typeof value === 'string') {
    return value
      .replace(/\$\{input:([^}]+)\}/g, (_, id: string) => `\${${id.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}}`)
      .replace(/\$\{env:([^}]+)\}/g, '${$1}')
      .replaceAll('${userHome}', '${HOME}');
  }
  if (Array.isArray(value)) return value.map(translate);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inner === undefined ? inner : translate(inner)])) : value;
}
