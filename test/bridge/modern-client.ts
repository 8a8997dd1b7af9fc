/** A raw client of 2026-07-28: one POST a request, nothing remembered, every byte of the answer visible. */
import { encodeHeaderValue } from '../../src/protocol/header-value.ts';
import { type JsonObject, MODERN_REVISION } from '../../src/protocol/messages.ts';
import { META } from '../../src/protocol/meta.ts';
import { mirroredParams, toParamHeaders } from '../../src/protocol/mirrored-params.ts';
import { readMessages } from './read-messages.ts';

export interface ModernAnswer {
  readonly status: number;
  /** The response to the request; undefined where the stream ended without it. */
  readonly response: JsonObject | undefined;
  /** The response as it lay in its bytes. */
  readonly text: string;
  readonly notices: readonly JsonObject[];
}

export interface ModernRequest {
  readonly method: string;
  readonly params?: JsonObject;
  readonly meta?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Called with every message ahead of the response, as it comes. */
  readonly onNotice?: (message: JsonObject) => void;
}

const NAME_MEMBERS: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri', 'tasks/get': 'taskId', 'tasks/update': 'taskId', 'tasks/cancel': 'taskId' };

export class ModernClient {
  readonly #url: string;
  readonly capabilities: JsonObject;
  readonly #headers: Readonly<Record<string, string>>;
  #lastId = 0;

  constructor(url: string, capabilities: JsonObject, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.capabilities = capabilities;
    this.#headers = headers;
  }

  async request({ method, params = {}, meta = {}, headers = {}, signal, onNotice }: ModernRequest): Promise<ModernAnswer> {
    const id = ++this.#lastId;
    const own = { [META.protocolVersion]: MODERN_REVISION, [META.clientCapabilities]: this.capabilities, [META.clientInfo]: { name: 'raw', version: '1' } };
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...own, ...meta } } });
    const name = params[NAME_MEMBERS[method] ?? ''];
    const response = await fetch(this.#url, {
      method: 'POST',
      body,
      signal: signal ?? null,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': MODERN_REVISION,
        'mcp-method': method,
        ...(typeof name === 'string' ? { 'mcp-name': encodeHeaderValue(name) } : {}),
        ...this.#headers,
        ...headers,
      },
    });
    const notices: JsonObject[] = [];
    for await (const { message, text } of readMessages(response)) {
      if (message['id'] === id && message['method'] === undefined) return { status: response.status, response: message, text, notices };
      notices.push(message);
      onNotice?.(message);
    }
    return { status: response.status, response: undefined, text: '', notices };
  }

  /** A call of a tool as its schema wants it: with its mirrored headers. */
  callTool(tool: JsonObject, args: JsonObject, more: Partial<ModernRequest> = {}): Promise<ModernAnswer> {
    const params = { name: String(tool['name']), arguments: args, ...more.params };
    return this.request({ ...more, method: 'tools/call', params, headers: { ...toParamHeaders(mirroredParams(tool['inputSchema']), params, {}), ...more.headers } });
  }
}
