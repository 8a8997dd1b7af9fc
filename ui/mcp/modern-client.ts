/**
 * 2026-07-28: every request stands alone. What a server asks comes as a result that wants input, and the request is sent
 * again with it (basic/patterns/mrtr); changes come on a stream of their own (basic/patterns/subscriptions).
 */
import { type ConnectOptions, type McpClient, progressOf, type RequestOptions, responseIn, send } from './mcp-client.ts';
import { isObject, type JsonObject, type LogLevel, META, modernHeaders, REVISIONS, RpcError } from './protocol.ts';
import { readMessages } from './read-messages.ts';

const ROUNDS_MAX = 20;
const CHANGES = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true } as const;

export async function connectModern(options: ConnectOptions): Promise<McpClient> {
  const client = new ModernClient(options);
  await client.discover();
  void client.watch([]);
  return client;
}

class ModernClient implements McpClient {
  readonly era = 'modern';
  server: JsonObject = {};
  readonly #options: ConnectOptions;
  #lastId = 0;
  #logLevel: LogLevel | undefined;
  #listening = new AbortController();

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  async discover(): Promise<void> {
    this.server = await this.request('server/discover');
  }

  readonly request = async (method: string, params: JsonObject = {}, options: RequestOptions = {}): Promise<JsonObject> => {
    let given: JsonObject = {};
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const result = await this.#once(method, { ...params, ...given }, options);
      if (result['resultType'] !== 'input_required') return result;
      const { requestState } = result;
      given = { ...(requestState !== undefined && { requestState }), ...(await this.#inputs(result)) };
    }
    throw new RpcError({ message: `The server asked for input ${ROUNDS_MAX} times.` }, 200);
  };

  async #once(method: string, params: JsonObject, options: RequestOptions): Promise<JsonObject> {
    const { url, token, events } = this.#options;
    const id = ++this.#lastId;
    const body = this.#bodyOf(id, method, params);
    events.message('sent', body);
    const response = await send({ method: 'POST', url, token, body, headers: modernHeaders(method, params, options.inputSchema), signal: options.signal });
    return responseIn(response, id, (message) => {
      events.message('received', message);
      progressOf(message, id, options.onProgress);
      if (message['id'] === undefined && message['method'] !== undefined) events.notice(message);
    });
  }

  #bodyOf(id: number, method: string, params: JsonObject): JsonObject {
    const meta = {
      ...(isObject(params['_meta']) && params['_meta']),
      [META.protocolVersion]: REVISIONS.modern,
      [META.clientInfo]: this.#options.clientInfo,
      [META.clientCapabilities]: this.#options.capabilities,
      ...(this.#logLevel !== undefined && { [META.logLevel]: this.#logLevel }),
      progressToken: id,
    };
    return { jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } };
  }

  async #inputs(result: JsonObject): Promise<JsonObject> {
    const requests = isObject(result['inputRequests']) ? result['inputRequests'] : undefined;
    if (requests === undefined) return {};
    const inputResponses: Record<string, JsonObject> = {};
    // One after the other: a person answers them.
    for (const [key, request] of Object.entries(requests)) if (isObject(request)) inputResponses[key] = await this.#options.events.asked(request);
    return { inputResponses };
  }

  readonly notify = async (): Promise<void> => undefined;

  readonly setLogLevel = async (level: LogLevel): Promise<void> => {
    this.#logLevel = level;
  };

  readonly watch = async (uris: readonly string[]): Promise<void> => {
    this.#listening.abort();
    const listening = new AbortController();
    this.#listening = listening;
    const { url, token, events } = this.#options;
    const method = 'subscriptions/listen';
    const body = this.#bodyOf(++this.#lastId, method, { notifications: { ...CHANGES, ...(uris.length > 0 && { resourceSubscriptions: uris }) } });
    events.message('sent', body);
    try {
      const response = await send({ method: 'POST', url, token, body, headers: modernHeaders(method, {}), signal: listening.signal });
      for await (const message of readMessages(response)) {
        events.message('received', message);
        if (message['method'] !== undefined) events.notice(message);
      }
    } catch (thrown) {
      if (!listening.signal.aborted) events.notice({ method: 'inspector/stream_ended', params: { message: String(thrown) } });
    }
  };

  readonly close = async (): Promise<void> => this.#listening.abort();
}
