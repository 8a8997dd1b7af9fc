/** A raw client of the revisions with `initialize`: Streamable HTTP with a session, or HTTP+SSE for 2024-11-05. */
import { isObject, type JsonObject, type RequestId, type Revision } from '../../src/protocol/messages.ts';
import { readMessages } from './read-messages.ts';

export interface LegacyAnswer {
  /** Undefined where the stream ended without a response. */
  readonly response: JsonObject | undefined;
  readonly text: string;
  /** Notifications that came over this request's own stream. */
  readonly notices: readonly JsonObject[];
}

/** Answers what a server asks: a result, or undefined to leave it open. */
export type AnswerServer = (method: string, params: JsonObject) => JsonObject | undefined;

interface Waiting {
  readonly notices: JsonObject[];
  readonly settle: (answer: LegacyAnswer) => void;
}

export class LegacyClient {
  readonly revision: Revision;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #answerServer: AnswerServer;
  readonly #closing = new AbortController();
  /** HTTP+SSE: all answers come over the one stream. */
  readonly #waiting = new Map<RequestId, Waiting>();
  #postUrl: string;
  #session: Readonly<Record<string, string>> = {};
  #lastId = 0;
  /** What came over the session's own stream. */
  readonly notices: JsonObject[] = [];
  /** What servers asked, by method. */
  readonly asked: { readonly method: string; readonly params: JsonObject }[] = [];
  opened: JsonObject = {};

  private constructor(url: string, revision: Revision, options: { readonly headers: Readonly<Record<string, string>>; readonly answerServer: AnswerServer }) {
    this.revision = revision;
    this.#url = url;
    this.#postUrl = url;
    this.#headers = options.headers;
    this.#answerServer = options.answerServer;
  }

  /** `url` ends in `/mcp`; HTTP+SSE has its door beside it. */
  static async open(url: string, revision: Revision, what: { readonly capabilities: JsonObject; readonly answerServer: AnswerServer; readonly headers?: Readonly<Record<string, string>> }): Promise<LegacyClient> {
    const client = new LegacyClient(url, revision, { headers: what.headers ?? {}, answerServer: what.answerServer });
    if (client.#isOld) await client.#openStream(url.replace(/\/mcp$/, '/sse'), true);
    const { response } = await client.request('initialize', { protocolVersion: revision, capabilities: what.capabilities, clientInfo: { name: 'raw', version: '1' } });
    if (!isObject(response?.['result'])) throw new Error(`initialize: ${JSON.stringify(response)}`);
    client.opened = response['result'];
    await client.notify('notifications/initialized', {});
    if (!client.#isOld) await client.#openStream(url, false);
    return client;
  }

  get #isOld(): boolean {
    return this.revision === '2024-11-05';
  }

  get lastId(): number {
    return this.#lastId;
  }

  async request(method: string, params: JsonObject = {}): Promise<LegacyAnswer> {
    const id = ++this.#lastId;
    const body = { jsonrpc: '2.0', id, method, params };
    if (this.#isOld) {
      const answer = new Promise<LegacyAnswer>((settle) => this.#waiting.set(id, { notices: [], settle }));
      await this.#post(body);
      return await answer;
    }
    const http = await this.#post(body);
    const session = http.headers.get('mcp-session-id');
    if (session !== null) this.#session = { 'mcp-session-id': session, ...(this.revision >= '2025-06-18' ? { 'mcp-protocol-version': this.revision } : {}) };
    const notices: JsonObject[] = [];
    for await (const { message, text } of readMessages(http)) {
      if (message['id'] === id && message['method'] === undefined) return { response: message, text, notices };
      this.#take(message, notices);
    }
    return { response: undefined, text: '', notices };
  }

  /** Several requests in one body; the answers in their order. Rejects where the body is refused. */
  async postBatch(requests: readonly { readonly method: string; readonly params: JsonObject }[]): Promise<readonly LegacyAnswer[]> {
    const bodies = requests.map(({ method, params }) => ({ jsonrpc: '2.0', id: ++this.#lastId, method, params }));
    const http = await this.#post(bodies);
    if (http.status !== 200) throw new Error(`a batch: ${http.status} ${await http.text()}`);
    const answers = new Map<unknown, LegacyAnswer>();
    const notices: JsonObject[] = [];
    for await (const { message, text } of readMessages(http)) {
      if (message['method'] === undefined) answers.set(message['id'], { response: message, text, notices });
      else this.#take(message, notices);
    }
    return bodies.map(({ id }) => answers.get(id) ?? { response: undefined, text: '', notices });
  }

  /** Drops the connection after the first notification of the request, and takes its stream up again where it was. */
  async requestAndResume(method: string, params: JsonObject): Promise<LegacyAnswer> {
    if (this.#isOld) throw new Error('HTTP+SSE gives its events no ids');
    const id = ++this.#lastId;
    const dropping = new AbortController();
    const first = await this.#post({ jsonrpc: '2.0', id, method, params }, dropping.signal);
    const notices: JsonObject[] = [];
    let lastEventId: string | undefined;
    for await (const { message, eventId } of readMessages(first)) {
      if (message['method'] === undefined) continue;
      notices.push(message);
      lastEventId = eventId;
      break;
    }
    dropping.abort();
    if (lastEventId === undefined) throw new Error('no event had an id');
    const again = await fetch(this.#url, { signal: this.#closing.signal, headers: { accept: 'text/event-stream', 'last-event-id': lastEventId, ...this.#headers, ...this.#session } });
    for await (const { message, text } of readMessages(again)) {
      if (message['id'] === id && message['method'] === undefined) return { response: message, text, notices };
      if (message['method'] !== undefined) notices.push(message);
    }
    return { response: undefined, text: '', notices };
  }

  async notify(method: string, params: JsonObject): Promise<void> {
    await (await this.#post({ jsonrpc: '2.0', method, params })).arrayBuffer();
  }

  async close(): Promise<void> {
    if (!this.#isOld) await fetch(this.#url, { method: 'DELETE', headers: { ...this.#headers, ...this.#session } });
    this.#closing.abort();
  }

  #post(body: JsonObject | readonly JsonObject[], signal: AbortSignal = this.#closing.signal): Promise<Response> {
    return fetch(this.#postUrl, { method: 'POST', body: JSON.stringify(body), signal, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...this.#headers, ...this.#session } });
  }

  /** Resolves when the stream is open and, for HTTP+SSE, has said where to post. */
  async #openStream(url: string, hasAddress: boolean): Promise<void> {
    const response = await fetch(url, { signal: this.#closing.signal, headers: { accept: 'text/event-stream', ...this.#headers, ...this.#session } });
    if (!response.ok) throw new Error(`GET ${url}: ${response.status} ${await response.text()}`);
    await new Promise<void>((resolve, reject) => {
      if (!hasAddress) resolve();
      const read = async (): Promise<void> => {
        for await (const { message, text, event } of readMessages(response)) {
          if (event === 'endpoint') {
            this.#postUrl = new URL(text, url).href;
            resolve();
          } else this.#takeFromStream(message, text);
        }
      };
      read().catch(reject);
    });
  }

  #takeFromStream(message: JsonObject, text: string): void {
    const waiting = message['method'] === undefined ? this.#waiting.get(message['id'] as RequestId) : undefined;
    if (waiting === undefined) {
      // One stream for everything: whose notification it is, only the message says.
      for (const { notices } of this.#waiting.values()) if (message['method'] !== undefined) notices.push(message);
      this.#take(message, this.notices);
      return;
    }
    this.#waiting.delete(message['id'] as RequestId);
    waiting.settle({ response: message, text, notices: waiting.notices });
  }

  #take(message: JsonObject, notices: JsonObject[]): void {
    const { id, method } = message;
    if (typeof method !== 'string') return;
    if (id === undefined) {
      notices.push(message);
      return;
    }
    const params = isObject(message['params']) ? message['params'] : {};
    this.asked.push({ method, params });
    const result = this.#answerServer(method, params);
    // The client may be closed before its answer is taken.
    if (result !== undefined) this.#post({ jsonrpc: '2.0', id, result }).then((response) => response.arrayBuffer(), () => undefined);
  }
}
