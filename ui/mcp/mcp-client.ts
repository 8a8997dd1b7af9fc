/** A client of MCP over Streamable HTTP, as inspector and playground use it: the same calls in both eras. */
import { type Era, isObject, type JsonObject, type LogLevel, RpcError } from './protocol.ts';
import { readMessages } from './read-messages.ts';

export interface McpEvents {
  /** Every message of the client's leg. */
  readonly message: (direction: 'sent' | 'received', message: JsonObject) => void;
  /** Every notification. */
  readonly notice: (message: JsonObject) => void;
  /** What a server asks the client: sampling, elicitation, roots. Resolves with the result; rejects where the person refuses. */
  readonly asked: (request: JsonObject) => Promise<JsonObject>;
}

export interface ConnectOptions {
  readonly url: string;
  readonly token: string;
  /** Name and version, as servers and the record see them. */
  readonly clientInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly events: McpEvents;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (params: JsonObject) => void;
  /** Of the tool that is called. */
  readonly inputSchema?: unknown;
}

export interface McpClient {
  readonly era: Era;
  /** Answer to `initialize` or `server/discover`. */
  readonly server: JsonObject;
  /** Rejects with `RpcError`. */
  readonly request: (method: string, params?: JsonObject, options?: RequestOptions) => Promise<JsonObject>;
  readonly notify: (method: string, params?: JsonObject) => Promise<void>;
  readonly setLogLevel: (level: LogLevel) => Promise<void>;
  /** Which resources to be told of when they change. */
  readonly watch: (uris: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Sent {
  readonly url: string;
  readonly token: string;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly body?: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** The one request of the pages that is no request of the admin API: MCP, at the address of an inspection. */
export function send({ url, token, method, body, headers, signal }: Sent): Promise<Response> {
  // The token alone says who asks: as whom one looks is not as whom one is signed in.
  const all = { authorization: `Bearer ${token}`, accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers };
  // oxlint-disable-next-line no-restricted-globals -- to the page's own origin
  return fetch(url, { method, credentials: 'omit', headers: all, signal: signal ?? null, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

/** Reads an answer until the response to that request; hands every other message on. */
export async function responseIn(response: Response, id: number, other: (message: JsonObject) => void): Promise<JsonObject> {
  for await (const message of readMessages(response)) {
    other(message);
    if (message['id'] === id && message['method'] === undefined) return resultOf(message, response.status);
    // Errors before the request was read have no id.
    if (!response.ok && isObject(message['error'])) throw new RpcError(message['error'], response.status);
  }
  throw new RpcError({ message: response.ok ? 'The stream ended without an answer.' : `HTTP ${response.status}` }, response.status);
}

function resultOf(message: JsonObject, status: number): JsonObject {
  if (isObject(message['error'])) throw new RpcError(message['error'], status);
  return isObject(message['result']) ? message['result'] : {};
}

/** Sends the progress of one request to whoever asked for it. */
export function progressOf(message: JsonObject, token: number, onProgress: RequestOptions['onProgress']): void {
  const params = message['params'];
  if (message['method'] === 'notifications/progress' && isObject(params) && params['progressToken'] === token) onProgress?.(params);
}
