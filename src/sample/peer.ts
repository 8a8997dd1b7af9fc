/**
 * The sample server's side of one stdio connection, in both families of revisions at once.
 *
 * A request whose `_meta` names a revision is modern and stands alone; any other belongs to the session that
 * `initialize` opened. Each request is answered in its own family, so both may be mixed on one connection.
 */
import type { Clock } from '../base/clock.ts';
import type { JsonObject, JsonValue, RequestId, Revision } from '../protocol/messages.ts';
import { isObject, isRevision, LEGACY_REVISION_LATEST, MODERN_REVISION } from '../protocol/messages.ts';
import { complete, getPrompt, PROMPTS } from './prompts.ts';
import { INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RESOURCE_NOT_FOUND, Refusal, toRpcError, UNSUPPORTED_REVISION } from './refusal.ts';
import { COUNTER_URI, RESOURCE_TEMPLATES, RESOURCES, readResource } from './resources.ts';
import { callTool, TOOLS } from './tools.ts';

export interface SamplePeerDeps {
  readonly clock: Clock;
  readonly send: (message: JsonValue) => void;
}

interface Request {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly signal: AbortSignal;
}

const SERVER_INFO = { name: 'metamcp-sample', title: 'MetaMCP sample server', version: '1.0.0' };
const INSTRUCTIONS = 'Sample tools to try a gateway with. None of them changes anything.';
const CAPABILITIES = { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} };
const META = 'io.modelcontextprotocol/';
/** Revision 2026-07-28, server/utilities/caching. */
const CACHE_MS = new Map([
  ['server/discover', 3_600_000],
  ['tools/list', 3_600_000],
  ['prompts/list', 3_600_000],
  ['resources/list', 3_600_000],
  ['resources/templates/list', 3_600_000],
  ['resources/read', 0],
]);

export class SamplePeer {
  readonly #deps: SamplePeerDeps;
  readonly #running = new Map<RequestId, AbortController>();
  /** Open modern subscriptions, and whether each is to hear of the counter. */
  readonly #listening = new Map<RequestId, boolean>();
  #isSubscribed = false;
  #session: Revision | undefined;
  #callsServed = 0;

  constructor(deps: SamplePeerDeps) {
    this.#deps = deps;
  }

  /** Takes one line of input; never rejects. Batches are for sessions of 2025-03-26, the only revision that has them. */
  async receive(line: string): Promise<void> {
    const message = parse(line);
    if (message === undefined) return this.#deps.send({ jsonrpc: '2.0', error: { code: -32700, message: 'Parse error' } });
    if (!Array.isArray(message) || this.#session !== '2025-03-26') return this.#sendDefined(await this.#answer(message));
    const answers = await Promise.all((message as JsonValue[]).map((one) => this.#answer(one)));
    const defined = answers.filter((answer) => answer !== undefined);
    if (defined.length > 0) this.#deps.send(defined);
  }

  /** Ends every subscription with its result and every call silently. */
  close(): void {
    for (const id of this.#listening.keys()) this.#deps.send({ jsonrpc: '2.0', id, result: asModern('subscriptions/listen', listenMeta(id)) });
    this.#listening.clear();
    for (const running of this.#running.values()) running.abort();
  }

  #sendDefined(message: JsonObject | undefined): void {
    if (message !== undefined) this.#deps.send(message);
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
    const discovered = { supportedVersions: [MODERN_REVISION], capabilities: CAPABILITIES, instructions: INSTRUCTIONS };
    const result = request.method === 'server/discover' ? discovered : await this.#serveEither(request, INVALID_PARAMS);
    return asModern(request.method, result);
  }

  async #serveLegacy(request: Request): Promise<JsonObject> {
    const { method, params } = request;
    if (method === 'initialize') return this.#initialize(params);
    if (method === 'ping') return {};
    if (this.#session === undefined) throw new Refusal(INVALID_PARAMS, `Send initialize first, or name the revision in _meta ${META}protocolVersion`);
    if (method !== 'resources/subscribe' && method !== 'resources/unsubscribe') return this.#serveEither(request, RESOURCE_NOT_FOUND);
    if (params['uri'] === COUNTER_URI) this.#isSubscribed = method === 'resources/subscribe';
    return {};
  }

  #initialize(params: JsonObject): JsonObject {
    const asked = params['protocolVersion'];
    const isOurs = typeof asked === 'string' && isRevision(asked) && asked !== MODERN_REVISION;
    this.#session = isOurs ? asked : LEGACY_REVISION_LATEST;
    return { protocolVersion: this.#session, capabilities: CAPABILITIES, serverInfo: SERVER_INFO, instructions: INSTRUCTIONS };
  }

  /** The methods that both families have. `notFound` is the family's code for a resource that is not there. */
  async #serveEither(request: Request, notFound: number): Promise<JsonObject> {
    const { method, params } = request;
    switch (method) {
      case 'tools/list':
        return { tools: TOOLS };
      case 'tools/call':
        return this.#call(request);
      case 'resources/list':
        return { resources: RESOURCES };
      case 'resources/templates/list':
        return { resourceTemplates: RESOURCE_TEMPLATES };
      case 'resources/read': {
        const uri = String(params['uri']);
        const result = readResource(uri, this.#callsServed);
        if (result === undefined) throw new Refusal(notFound, 'Resource not found', { uri });
        return result;
      }
      case 'prompts/list':
        return { prompts: PROMPTS };
      case 'prompts/get':
        return getPrompt(params['name'], argumentsOf(params));
      case 'completion/complete':
        return complete(params);
      default:
        throw new Refusal(METHOD_NOT_FOUND, `Method not found: ${method}`);
    }
  }

  async #call({ params, signal }: Request): Promise<JsonObject> {
    const meta = isObject(params['_meta']) ? params['_meta'] : {};
    const progressToken = meta['progressToken'];
    const reportProgress = (progress: number, total: number, message: string): void => {
      if (progressToken !== undefined) this.#deps.send(notification('notifications/progress', { progressToken, progress, total, message }));
    };
    const result = await callTool(params['name'], argumentsOf(params), { clock: this.#deps.clock, signal, reportProgress });
    this.#callsServed += 1;
    if (this.#isSubscribed) this.#deps.send(notification('notifications/resources/updated', { uri: COUNTER_URI }));
    for (const [id, hearsCounter] of this.#listening) {
      if (hearsCounter) this.#deps.send(notification('notifications/resources/updated', { ...listenMeta(id), uri: COUNTER_URI }));
    }
    return result;
  }

  /** Revision 2026-07-28, basic/patterns/subscriptions: acknowledges what can be told, then stays open until cancelled. */
  #listen({ id, params }: Request): undefined {
    const asked = isObject(params['notifications']) ? params['notifications']['resourceSubscriptions'] : undefined;
    const hearsCounter = Array.isArray(asked) && asked.includes(COUNTER_URI);
    const notifications: JsonObject = hearsCounter ? { resourceSubscriptions: [COUNTER_URI] } : {};
    this.#deps.send(notification('notifications/subscriptions/acknowledged', { ...listenMeta(id), notifications }));
    this.#listening.set(id, hearsCounter);
  }
}

function parse(line: string): JsonValue | undefined {
  try {
    return JSON.parse(line) as JsonValue;
  } catch {
    return undefined;
  }
}

function argumentsOf(params: JsonObject): JsonObject {
  return isObject(params['arguments']) ? params['arguments'] : {};
}

function notification(method: string, params: JsonObject): JsonObject {
  return { jsonrpc: '2.0', method, params };
}

function listenMeta(id: RequestId): JsonObject {
  return { _meta: { [`${META}subscriptionId`]: id } };
}

function asModern(method: string, result: JsonObject): JsonObject {
  const meta = isObject(result['_meta']) ? result['_meta'] : {};
  const ttlMs = CACHE_MS.get(method);
  const cache = ttlMs === undefined ? {} : { ttlMs, cacheScope: 'public' };
  return { ...result, resultType: 'complete', ...cache, _meta: { ...meta, [`${META}serverInfo`]: SERVER_INFO } };
}

function failure(id: RequestId | undefined, thrown: unknown): JsonObject {
  return { jsonrpc: '2.0', id, error: { ...toRpcError(thrown) } };
}
