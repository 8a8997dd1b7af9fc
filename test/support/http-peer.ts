/** A client that writes its HTTP requests itself: what it sends is what the test says, nothing is added but what is named here. */
import { type Agent, request } from 'undici';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The JSON-RPC message of the answer; of an event stream the last one that answers. */
  readonly message: RpcMessage;
}

export interface RpcMessage {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Readonly<Record<string, unknown>> };
}

export interface PeerOptions {
  readonly url: string;
  readonly key?: string;
  readonly agent?: Agent;
}

const MODERN = '2026-07-28';
const NAMED_BY: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' };

/** Sends one body to an MCP door with whatever headers. */
export async function post(options: PeerOptions, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  const answer = await request(options.url, {
    method: 'POST',
    headers: { ...credential(options), 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(options.agent === undefined ? {} : { dispatcher: options.agent }),
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, message: messageOf(text, String(answer.headers['content-type'] ?? '')) };
}

/** One request of 2026-07-28 with all that the revision asks for. */
export function modernRequest(
  options: PeerOptions,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  id: string | number = 1,
): Promise<RawAnswer> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  };
  const named = NAMED_BY[method];
  const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...(named === undefined ? {} : { 'mcp-name': String(params[named]) }) };
  return post(options, { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...(params['_meta'] as object | undefined), ...meta } } }, headers);
}

/** Names of the tools in the answer of `tools/list`; none where it is an error. */
export function toolNamesOf({ message }: RawAnswer): string[] {
  const tools = message.result?.['tools'];
  return Array.isArray(tools) ? tools.map((tool: { readonly name: string }) => tool.name) : [];
}

/** The first text in the answer of `tools/call`; empty where it is an error. */
export function textOf(message: RpcMessage): string {
  const content = message.result?.['content'];
  return Array.isArray(content) ? ((content[0] as { readonly text?: string } | undefined)?.text ?? '') : '';
}

/** A session of 2025-11-25. */
export interface RawSession {
  readonly id: string;
  readonly request: (method: string, params?: Readonly<Record<string, unknown>>, id?: string | number) => Promise<RawAnswer>;
  readonly headers: Readonly<Record<string, string>>;
  /** DELETE. Resolves with the status. */
  readonly end: () => Promise<number>;
}

export async function openSession(options: PeerOptions, capabilities: Readonly<Record<string, unknown>> = {}, revision = '2025-11-25'): Promise<RawSession> {
  const params = { protocolVersion: revision, capabilities, clientInfo: { name: 'raw', version: '1' } };
  const opened = await post(options, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const id = String(opened.headers['mcp-session-id'] ?? '');
  if (opened.status !== 200 || id === '') throw new Error(`no session: ${opened.status} ${JSON.stringify(opened.message)}`);
  const headers = { 'mcp-session-id': id, 'mcp-protocol-version': revision };
  await post(options, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers);
  return {
    id,
    headers,
    request: (method, params = {}, requestId = 1) => post(options, { jsonrpc: '2.0', id: requestId, method, params }, headers),
    end: async () => {
      const answer = await request(options.url, {
        method: 'DELETE',
        headers: { ...credential(options), ...headers },
        ...(options.agent === undefined ? {} : { dispatcher: options.agent }),
      });
      await answer.body.dump();
      return answer.statusCode;
    },
  };
}

/** An event stream that a GET or a POST opened, as a growing list of messages. */
export interface RawStream {
  readonly messages: () => readonly RpcMessage[];
  readonly close: () => void;
}

/** Opens the GET stream of a session. */
export async function openGetStream(options: PeerOptions, session: RawSession): Promise<RawStream> {
  return follow(options, { method: 'GET', headers: { ...credential(options), ...session.headers, accept: 'text/event-stream' } });
}

/** Opens `subscriptions/listen` of 2026-07-28. */
export async function listen(options: PeerOptions, notifications: Readonly<Record<string, unknown>>): Promise<RawStream> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'listen', method: 'subscriptions/listen', params: { notifications, _meta: meta } });
  const headers = {
    ...credential(options),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': MODERN,
    'mcp-method': 'subscriptions/listen',
  };
  return follow(options, { method: 'POST', headers, body });
}

async function follow(
  options: PeerOptions,
  asked: { readonly method: 'GET' | 'POST'; readonly headers: Record<string, string>; readonly body?: string },
): Promise<RawStream> {
  const stopping = new AbortController();
  const answer = await request(options.url, {
    ...asked,
    bodyTimeout: 0,
    signal: stopping.signal,
    ...(options.agent === undefined ? {} : { dispatcher: options.agent }),
  });
  if (answer.statusCode !== 200) throw new Error(`no stream: ${answer.statusCode} ${await answer.body.text()}`);
  let text = '';
  answer.body.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  answer.body.on('error', () => undefined);
  return { messages: () => messagesOf(text.slice(0, text.lastIndexOf('\n\n') + 2)), close: () => stopping.abort() };
}

function credential({ key }: PeerOptions): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

function messageOf(text: string, type: string): RpcMessage {
  if (type.startsWith('text/event-stream')) return messagesOf(text).findLast((message) => message.result !== undefined || message.error !== undefined) ?? {};
  return text === '' ? {} : (JSON.parse(text) as RpcMessage);
}

/** The data of each event (WHATWG HTML, "Server-sent events"), one message each. */
function messagesOf(text: string): RpcMessage[] {
  return text.split('\n\n').flatMap((event) => {
    const data = event
      .split('\n')
      .flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []))
      .join('\n');
    return data === '' ? [] : [JSON.parse(data) as RpcMessage];
  });
}
