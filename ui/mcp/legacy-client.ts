/** 2025-11-25: a handshake, a session, and one stream on which the server speaks by itself. */
import { type ConnectOptions, type McpClient, progressOf, type RequestOptions, responseIn, send } from './mcp-client.ts';
import { isObject, type JsonObject, type LogLevel, REVISIONS, textIn } from './protocol.ts';
import { readMessages } from './read-messages.ts';

/** A person who closed a question (JSON-RPC has no code of its own for that). */
const REFUSED = -1;

export async function connectLegacy(options: ConnectOptions): Promise<McpClient> {
  const client = new LegacyClient(options);
  await client.initialize();
  return client;
}

class LegacyClient implements McpClient {
  readonly era = 'legacy';
  server: JsonObject = {};
  readonly #options: ConnectOptions;
  readonly #ending = new AbortController();
  #headers: Record<string, string> = {};
  #lastId = 0;
  #watched: readonly string[] = [];

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  async initialize(): Promise<void> {
    this.server = await this.request('initialize', { protocolVersion: REVISIONS.legacy, capabilities: this.#options.capabilities, clientInfo: this.#options.clientInfo });
    this.#headers['mcp-protocol-version'] = textIn(this.server, 'protocolVersion') ?? REVISIONS.legacy;
    await this.notify('notifications/initialized');
    void this.#listen();
  }

  readonly request = async (method: string, params: JsonObject = {}, options: RequestOptions = {}): Promise<JsonObject> => {
    const id = ++this.#lastId;
    const meta = { ...(isObject(params['_meta']) && params['_meta']), ...(options.onProgress !== undefined && { progressToken: id }) };
    const body = { jsonrpc: '2.0', id, method, params: { ...params, ...(Object.keys(meta).length > 0 && { _meta: meta }) } };
    const cancel = (): void => void this.notify('notifications/cancelled', { requestId: id, reason: 'cancelled by hand' });
    options.signal?.addEventListener('abort', cancel, { once: true });
    try {
      const response = await this.#send(body, options.signal);
      this.#headers['mcp-session-id'] ??= response.headers.get('mcp-session-id') ?? '';
      return await responseIn(response, id, (message) => {
        this.#take(message);
        progressOf(message, id, options.onProgress);
      });
    } finally {
      options.signal?.removeEventListener('abort', cancel);
    }
  };

  readonly notify = async (method: string, params?: JsonObject): Promise<void> => {
    const response = await this.#send({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
    await response.text();
  };

  readonly setLogLevel = async (level: LogLevel): Promise<void> => void (await this.request('logging/setLevel', { level }));

  readonly watch = async (uris: readonly string[]): Promise<void> => {
    const before = this.#watched;
    this.#watched = uris;
    for (const uri of uris) if (!before.includes(uri)) await this.request('resources/subscribe', { uri });
    for (const uri of before) if (!uris.includes(uri)) await this.request('resources/unsubscribe', { uri });
  };

  readonly close = async (): Promise<void> => {
    this.#ending.abort();
    const { url, token } = this.#options;
    if (this.#headers['mcp-session-id']) await send({ method: 'DELETE', url, token, headers: this.#headers });
  };

  #send(body: JsonObject, signal?: AbortSignal): Promise<Response> {
    const { url, token, events } = this.#options;
    events.message('sent', body);
    return send({ method: 'POST', url, token, body, headers: this.#headers, signal });
  }

  /** The stream of the session (Streamable HTTP of 2025-11-25, "Listening for Messages from the Server"). */
  async #listen(): Promise<void> {
    const { url, token, events } = this.#options;
    try {
      const response = await send({ method: 'GET', url, token, headers: this.#headers, signal: this.#ending.signal });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      for await (const message of readMessages(response)) this.#take(message);
    } catch (thrown) {
      if (!this.#ending.signal.aborted) events.notice({ method: 'inspector/stream_ended', params: { message: String(thrown) } });
    }
  }

  #take(message: JsonObject): void {
    const { events } = this.#options;
    events.message('received', message);
    if (message['method'] === undefined) return;
    if (message['id'] === undefined) events.notice(message);
    else void this.#answer(message);
  }

  async #answer(request: JsonObject): Promise<void> {
    const { id } = request;
    let answer: JsonObject;
    try {
      answer = { result: request['method'] === 'ping' ? {} : await this.#options.events.asked(request) };
    } catch (thrown) {
      answer = { error: { code: REFUSED, message: thrown instanceof Error ? thrown.message : String(thrown) } };
    }
    const response = await this.#send({ jsonrpc: '2.0', id, ...answer });
    await response.text();
  }
}
