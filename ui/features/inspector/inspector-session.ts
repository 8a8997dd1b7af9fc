/** One look at a target: the inspection, the client that speaks to it, and all that was said. Pages watch it. */
import { ask } from '../../api/ask.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { toProblem } from '../../api/problem.ts';
import { connectLegacy } from '../../mcp/legacy-client.ts';
import type { McpClient, RequestOptions } from '../../mcp/mcp-client.ts';
import { connectModern } from '../../mcp/modern-client.ts';
import { type Era, INSPECTOR, type JsonObject, type LogLevel, objectsIn, textIn } from '../../mcp/protocol.ts';

export type Inspection = AnswerOf<'POST /api/v1/inspections'>;
export type UpstreamMessage = AnswerOf<'GET /api/v1/inspections/{id}/messages'>['items'][number];
export const KINDS = ['server', 'namespace', 'endpoint'] as const;
export type Kind = (typeof KINDS)[number];

export interface Target {
  readonly kind: Kind;
  readonly name: string;
  readonly era: Era;
  /** `key:ID` or `user:ID`; undefined: oneself. */
  readonly as: string | undefined;
}

export interface ClientMessage {
  readonly sequence: number;
  readonly at: string;
  readonly direction: 'sent' | 'received';
  readonly message: JsonObject;
}

export interface Notice {
  readonly sequence: number;
  readonly at: string;
  readonly message: JsonObject;
}

/** What a server wants from the person who looks. */
export interface Question {
  readonly id: number;
  readonly method: string;
  readonly params: JsonObject;
  readonly answer: (result: JsonObject) => void;
  readonly refuse: () => void;
}

export interface SessionState {
  readonly messages: readonly ClientMessage[];
  readonly upstream: readonly UpstreamMessage[];
  readonly notices: readonly Notice[];
  readonly questions: readonly Question[];
  readonly watched: readonly string[];
  readonly logLevel: LogLevel | undefined;
}

const KEPT_MAX = 1_000;
/** Everything that a person can answer by hand. */
const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } } as const;

export class InspectorSession {
  readonly target: Target;
  readonly inspection: Inspection;
  readonly url: string;
  #client: McpClient | undefined;
  #state: SessionState = { messages: [], upstream: [], notices: [], questions: [], watched: [], logLevel: undefined };
  #count = 0;
  #isPulling = false;
  readonly #remembered = new Map<string, JsonObject>();
  readonly #watchers = new Set<() => void>();

  private constructor(target: Target, inspection: Inspection) {
    this.target = target;
    this.inspection = inspection;
    this.url = window.location.origin + inspection.path;
  }

  /** Rejects with `ApiProblem`, or with `RpcError` where the handshake fails. */
  static async open(target: Target): Promise<InspectorSession> {
    const { kind, name, as } = target;
    const [whose, id = ''] = as?.split(/:(.*)/s) ?? [];
    const inspection = await ask('POST /api/v1/inspections', { body: { target: { kind, name }, ...(whose !== undefined && { as: whose === 'key' ? { key: id } : { user: id } }) } });
    const session = new InspectorSession(target, inspection);
    try {
      await session.#connect();
      return session;
    } catch (thrown) {
      await session.close();
      throw thrown;
    }
  }

  async #connect(): Promise<void> {
    const connect = this.target.era === 'modern' ? connectModern : connectLegacy;
    this.#client = await connect({
      url: this.url,
      token: this.inspection.token,
      clientInfo: INSPECTOR,
      capabilities: CAPABILITIES,
      events: {
        message: (direction, message) => this.#set({ messages: [...this.#state.messages, { sequence: ++this.#count, at: new Date().toISOString(), direction, message }].slice(-KEPT_MAX) }),
        notice: (message) => this.#set({ notices: [...this.#state.notices, { sequence: ++this.#count, at: new Date().toISOString(), message }].slice(-KEPT_MAX) }),
        asked: (request) => this.#asked(request),
      },
    });
  }

  get server(): JsonObject {
    return this.#client?.server ?? {};
  }

  readonly subscribe = (watch: () => void): (() => void) => {
    this.#watchers.add(watch);
    return () => this.#watchers.delete(watch);
  };

  readonly state = (): SessionState => this.#state;

  readonly request = (method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject> => {
    if (this.#client === undefined) throw new Error('not connected');
    return this.#client.request(method, params, options);
  };

  /** All pages of a list. */
  async list(method: string, member: string): Promise<readonly JsonObject[]> {
    const found: JsonObject[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.request(method, cursor === undefined ? {} : { cursor });
      found.push(...objectsIn(page[member]));
      cursor = textIn(page, 'nextCursor');
    } while (cursor !== undefined);
    return found;
  }

  async watch(uris: readonly string[]): Promise<void> {
    this.#set({ watched: uris });
    // The stream of the modern era stays open: nobody waits for its end.
    const watching = this.#client?.watch(uris);
    if (this.target.era === 'legacy') await watching;
  }

  async setLogLevel(level: LogLevel): Promise<void> {
    await this.#client?.setLogLevel(level);
    this.#set({ logLevel: level });
  }

  async tellRootsChanged(): Promise<void> {
    await this.#client?.notify('notifications/roots/list_changed');
  }

  /** Reads what went to and came from servers since the last time. */
  async pullUpstream(): Promise<void> {
    if (this.#isPulling) return;
    this.#isPulling = true;
    try {
      const after = this.#state.upstream.at(-1)?.sequence ?? 0;
      const { items } = await ask('GET /api/v1/inspections/{id}/messages', { params: { id: this.inspection.id }, query: { after } });
      if (items.length > 0) this.#set({ upstream: [...this.#state.upstream, ...items].slice(-KEPT_MAX) });
    } finally {
      this.#isPulling = false;
    }
  }

  clear(): void {
    this.#set({ messages: [], notices: [] });
  }

  async close(): Promise<void> {
    for (const { refuse } of this.#state.questions) refuse();
    await this.#client?.close().catch(() => undefined);
    await ask('DELETE /api/v1/inspections/{id}', { params: { id: this.inspection.id } }).catch(toProblem);
  }

  /** What the person wants answered the same way from now on. */
  remember(method: string, result: JsonObject): void {
    this.#remembered.set(method, result);
  }

  #asked(request: JsonObject): Promise<JsonObject> {
    const remembered = this.#remembered.get(String(request['method']));
    if (remembered !== undefined) return Promise.resolve(remembered);
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
    const id = ++this.#count;
    const done = (): void => this.#set({ questions: this.#state.questions.filter((each) => each.id !== id) });
    const question: Question = {
      id,
      method: textIn(request, 'method') ?? '',
      params: (request['params'] ?? {}) as JsonObject,
      answer: (result) => {
        done();
        resolve(result);
      },
      refuse: () => {
        done();
        reject(new Error('The person refused.'));
      },
    };
    this.#set({ questions: [...this.#state.questions, question] });
    return promise;
  }

  #set(change: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...change };
    for (const watch of this.#watchers) watch();
  }
}
