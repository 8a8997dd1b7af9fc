/** What of MCP the pages say themselves: messages, headers, the words of both eras (2025-11-25 and 2026-07-28). */
export type JsonObject = Readonly<Record<string, unknown>>;
export type Era = 'modern' | 'legacy';

export const REVISIONS: Readonly<Record<Era, string>> = { modern: '2026-07-28', legacy: '2025-11-25' };
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Who the inspector says it is. */
export const INSPECTOR = { name: 'metamcp-inspector', title: 'MetaMCP Inspector', version: '1' } as const;

/** Keys of `_meta` (2026-07-28, basic, "_meta"). */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
} as const;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textIn(object: JsonObject | undefined, key: string): string | undefined {
  const value = object?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** What came instead of a result. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;
  /** Of the HTTP answer it lay in. */
  readonly status: number;

  constructor(error: JsonObject, status: number) {
    super(textIn(error, 'message') ?? 'error');
    this.name = 'RpcError';
    this.code = typeof error['code'] === 'number' ? error['code'] : 0;
    this.data = error['data'];
    this.status = status;
  }
}

/** Which member of params the header `Mcp-Name` repeats (2026-07-28, Streamable HTTP, "Standard Request Headers"). */
const NAMED_BY: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' };

/** Headers of a modern request beside those of every request. `inputSchema`: of the tool that is called. */
export function modernHeaders(method: string, params: JsonObject, inputSchema?: unknown): Record<string, string> {
  const name = textIn(params, NAMED_BY[method] ?? '');
  return {
    'mcp-protocol-version': REVISIONS.modern,
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': encodeHeaderValue(name) }),
    ...paramHeaders(inputSchema, params['arguments']),
  };
}

/** Arguments that their schema wants in a header too (`x-mcp-header`; Streamable HTTP, "Custom Headers from Tool Parameters"). */
function paramHeaders(schema: unknown, value: unknown): Record<string, string> {
  if (!isObject(schema) || !isObject(schema['properties']) || !isObject(value)) return {};
  const headers: Record<string, string> = {};
  for (const [name, property] of Object.entries(schema['properties'])) {
    const given = value[name];
    const header = isObject(property) ? textIn(property, 'x-mcp-header') : undefined;
    if (header !== undefined && given !== undefined && given !== null && typeof given !== 'object') headers[`mcp-param-${header.toLowerCase()}`] = encodeHeaderValue(String(given));
    Object.assign(headers, paramHeaders(property, given));
  }
  return headers;
}

/** Plain where that is safe, else `=?base64?…?=` around its UTF-8 ("Value Encoding"). */
function encodeHeaderValue(text: string): string {
  const looksEncoded = text.startsWith('=?base64?') && text.endsWith('?=');
  if (!looksEncoded && /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/.test(text)) return text;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`;
}
