/**
 * The server's side of one MCP connection, in both families of revisions at once: for servers of ours, whether they are
 * processes of their own or run inside the gateway.
 *
 * A request whose `_meta` names a revision is modern and stands alone; any other belongs to the session that
 * `initialize` opened. Each request is answered in its own family, so both may be mixed on one connection.
 */
import type { JsonObject, JsonValue, RequestId, Revision } from '../protocol/messages.ts';
import { isObject, isRevision, LEGACY_REVISION_LATEST, MODERN_REVISION } from '../protocol/messages.ts';
import { INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RESOURCE_NOT_FOUND, Refusal, toRpcError, UNSUPPORTED_REVISION } from './refusal.ts';

/** One request on its way to what serves it. */
export interface ServedRequest {
  readonly method: string;
  readonly params: JsonObject;
  readonly signal: AbortSignal;
  /** The family's code for a resource that is not there. */
  readonly notFoundCode: number;
  /** Does nothing where the client asked for no progress. */
  reportProgress(progress: number, total: number, message: string): void;
}

/** What a server of ours is, without its wire. */
export interface Served {
  /** `serverInfo`. */
  readonly info: JsonObject;
  readonly instructions: string;
  readonly capabilities: JsonObject;
  /** Lists never change while the connection lives, so that modern clients may keep them. */
  readonly listsAreFixed: boolean;
  /** Whether this resource can be watched. */
  canWatch(uri: string): boolean;
  /** Undefined for a method that the server does not have. May throw a Refusal. */
  answer(request: ServedRequest): JsonObject | undefined | Promise<JsonObject | undefined>;
}

interface Request {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly signal: AbortSignal;
}

/** What a modern client asked to hear of. */
interface Listening {
  readonly uris: ReadonlySet<string>;
  readonly hearsToolLists: boolean;
}

const META = 'io.modelcontextprotocol/';
/** Revision 2026-07-28, server/utilities/caching: methods whose results say how long they may be kept. */
const LISTS: ReadonlySet<string> = new Set(['server/discover', 'tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']);
const FIXED_LIST_MS = 3_600_000;

export class ServerPeer {
  readonly #served: Served;
  readonly #send: (message: JsonValue) => void;
  readonly #running = new Map<RequestId, AbortController>();
  readonly #listening = new Map<RequestId, Listening>();
  readonly #subscribed = new Set<string>();
  #session: Revision | undefined;

  constructor(served: Served, send: (message: JsonValue) => void) {
    this.#served = served;
    this.#send = send;
  }

  /** Takes one line of input; never rejects. Batches are for sessions of 2025-03-26, the only revision that has them. */
  async receive(line: string): Promise<void> {
    const message = parse(line);
    if (message === undefined) return this.#send({ jsonrpc: '2.0', error: { code: -32700, message: 'Parse error' } });
    if (!Array.isArray(message) || this.#session !== '2025-03-26') return this.#sendDefined(await this.#answer(message));
    const answers = await Promise.all((message as JsonValue[]).map((one) => this.#answer(one)));
    const defined = answers.filter((answer) => answer !== undefined);
    if (defined.length > 0) this.#send(defined);
  }

  /** Tells whoever watches this resource. */
  resourceUpdated(uri: string): void {
    if (this.#subscribed.has(uri)) this.#send(notification('notifications/resources/updated', { uri }));
    for (const [id, { uris }] of this.#listening) if (uris.has(uri)) this.#send(notification('notifications/resources/updated', { ...listenMeta(id), uri }));
  }

  /** Tells that the list of tools changed. */
  toolsChanged(): void {
    if (this.#session !== undefined) this.#send(notification('notifications/tools/list_changed', {}));
    for (const [id, { hearsToolLists }] of this.#listening) if (hearsToolLists) this.#send(notification('notifications/tools/list_changed', listenMeta(id)));
  }

  /** Ends every subscription with its result and every call silently. */
  close(): void {
    for (const id of this.#listening.keys()) this.#send({ jsonrpc: '2.0', id, result: this.#asModern('subscriptions/listen', listenMeta(id)) });
    this.#listening.clear();
    for (const running of this.#running.values()) running.abort();
  }

  #sendDefined(message: JsonObject | undefined): void {
    if (message !== undefined) this.#send(message);
  }

  async #answer(message: JsonValue): Promise<JsonObject | undefined> {
    if (!isObject(message) || message['jsonrpc'] !== '2.0') return failure(undefined, new Refusal(INVALID_REQUEST, 'Not a JSON-RPC 2.0 message'));
    const { id, method } = message;
    if (typeof method !== 'string') return undefined;
    const params = isObject(message['params']) ? message['params'] : {};
    if (id === undefined) return this.#notice(method, params);
    if (typeof id !== 'string' && typeof id !== 'number') return failure(undefined, new Refusal(INVALID_REQUEST, 'id must be a string or a number'));
    if (this.#running.has(id) || this.#listening.has(id)) return failure(id, new Refusal(INVALID_REQUEST, 'A request with this id is still running'));
    return this.#run(id, method, params);
  }

  async #run(id: RequestId, method: string, params: JsonObject): Promise<JsonObject | undefined> {
    const running = new AbortController();
    this.#running.set(id, running);
    try {
      const result = await this.#serve({ id, method, params, signal: running.signal });
      return running.signal.aborted || result === undefined ? undefined : { jsonrpc: '2.0', id, result };
    } catch (thrown) {
      return running.signal.aborted ? undefined : failure(id, thrown);
    } finally {
      this.#running.delete(id);
    }
  }

  #notice(method: string, params: JsonObject): undefined {
    const id = params['requestId'];
    if (method !== 'notifications/cancelled' || (typeof id !== 'string' && typeof id !== 'number')) return;
    this.#running.get(id)?.abort();
    this.#listening.delete(id);
  }

  /** Undefined where the answer comes later, or never. */
  async #serve(request: Request): Promise<JsonObject | undefined> {
    const meta = isObject(request.params['_meta']) ? request.params['_meta'] : {};
    const revision = meta[`${META}protocolVersion`];
    if (revision === undefined) return this.#serveLegacy(request);
    if (typeof revision !== 'string') throw new Refusal(INVALID_PARAMS, `_meta ${META}protocolVersion must be a string`);
    if (revision !== MODERN_REVISION)
      throw new Refusal(UNSUPPORTED_REVISION, 'Unsupported protocol version', { supported: [MODERN_REVISION], requested: revision });
    if (!isObject(meta[`${META}clientCapabilities`])) throw new Refusal(INVALID_PARAMS, `_meta ${META}clientCapabilities is required`);
    return this.#serveModern(request);
  }

  async #serveModern(request: Request): Promise<JsonObject | undefined> {
    if (request.method === 'subscriptions/listen') return this.#listen(request);
    const { capabilities, instructions } = this.#served;
    const result = request.method === 'server/discover' ? { supportedVersions: [MODERN_REVISION], capabilities, instructions } : await this.#serveEither(request, INVALID_PARAMS);
    return this.#asModern(request.method, result);
  }

  async #serveLegacy(request: Request): Promise<JsonObject> {
    const { method, params } = request;
    if (method === 'initialize') return this.#initialize(params);
    if (method === 'ping') return {};
    if (this.#session === undefined) throw new Refusal(INVALID_PARAMS, `Send initialize first, or name the revision in _meta ${META}protocolVersion`);
    if (method !== 'resources/subscribe' && method !== 'resources/unsubscribe') return this.#serveEither(request, RESOURCE_NOT_FOUND);
    const { uri } = params;
    if (typeof uri !== 'string' || !this.#served.canWatch(uri)) return {};
    if (method === 'resources/subscribe') this.#subscribed.add(uri);
    else this.#subscribed.delete(uri);
    return {};
  }

  #initialize(params: JsonObject): JsonObject {
    const asked = params['protocolVersion'];
    const isOurs = typeof asked === 'string' && isRevision(asked) && asked !== MODERN_REVISION;
    this.#session = isOurs ? asked : LEGACY_REVISION_LATEST;
    const { capabilities, info, instructions } = this.#served;
    return { protocolVersion: this.#session, capabilities, serverInfo: info, instructions };
  }

  /** The methods that both families have. */
  async #serveEither({ method, params, signal }: Request, notFoundCode: number): Promise<JsonObject> {
    const meta = isObject(params['_meta']) ? params['_meta'] : {};
    const progressToken = meta['progressToken'];
    const reportProgress = (progress: number, total: number, message: string): void => {
      if (progressToken !== undefined && !signal.aborted) this.#send(notification('notifications/progress', { progressToken, progress, total, message }));
    };
    const result = await this.#served.answer({ method, params, signal, notFoundCode, reportProgress });
    if (result === undefined) throw new Refusal(METHOD_NOT_FOUND, `Method not found: ${method}`);
    return result;
  }

  /** Revision 2026-07-28, basic/patterns/subscriptions: acknowledges what can be told, then stays open until cancelled. */
  #listen({ id, params }: Request): undefined {
    const asked = isObject(params['notifications']) ? params['notifications'] : {};
    const wanted = Array.isArray(asked['resourceSubscriptions']) ? (asked['resourceSubscriptions'] as JsonValue[]) : [];
    const uris = wanted.filter((uri): uri is string => typeof uri === 'string' && this.#served.canWatch(uri));
    const hearsToolLists = asked['toolsListChanged'] === true && !this.#served.listsAreFixed;
    const notifications: JsonObject = { ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}), ...(hearsToolLists ? { toolsListChanged: true } : {}) };
    this.#send(notification('notifications/subscriptions/acknowledged', { ...listenMeta(id), notifications }));
    this.#listening.set(id, { uris: new Set(uris), hearsToolLists });
  }

  #asModern(method: string, result: JsonObject): JsonObject {
    const meta = isObject(result['_meta']) ? result['_meta'] : {};
    const ttlMs = method === 'resources/read' || !this.#served.listsAreFixed ? 0 : FIXED_LIST_MS;
    const cache = LISTS.has(method) || method === 'resources/read' ? { ttlMs, cacheScope: 'public' } : {};
    return { ...result, resultType: 'complete', ...cache, _meta: { ...meta, [`${META}serverInfo`]: this.#served.info } };
  }
}

/** The arguments of `tools/call` or `prompts/get`; empty where there are none. */
export function argumentsOf(params: JsonObject): JsonObject {
  return isObject(params['arguments']) ? params['arguments'] : {};
}

function parse(line: string): JsonValue | undefined {
  try {
    return JSON.parse(line) as JsonValue;
  } catch {
    return undefined;
  }
}

function notification(method: string, params: JsonObject): JsonObject {
  return { jsonrpc: '2.0', method, params };
}

function listenMeta(id: RequestId): JsonObject {
  return { _meta: { [`${META}subscriptionId`]: id } };
}

function failure(id: RequestId | undefined, thrown: unknown): JsonObject {
  return { jsonrpc: '2.0', id, error: { ...toRpcError(thrown) } };
}
