/**
 * Change notices, fanned out: list changes to everyone whose visible list changed, resource updates to those that
 * watch the resource. Legacy sessions hear on their own stream, modern clients on the streams they `listen` on.
 */
import { type Clock, sleep } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { decide } from '../policy/decide.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import { isObject, type JsonObject, type RequestId } from '../protocol/messages.ts';
import { META } from '../protocol/meta.ts';
import { TASKS_EXTENSION_ID } from '../protocol/revisions.ts';
import type { Principal } from '../model/principal.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ListKind, Upstream } from '../upstream/upstream.ts';
import type { ConnectionOwner, Lease, Upstreams } from '../upstream/upstreams.ts';
import { hasTasksExtension } from './capabilities.ts';
import { type CatalogList, type Entry, findReadable } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import { leaseOf } from './dispatch.ts';
import type { Decoded } from './exchange.ts';
import type { Engines } from './engines.ts';
import { claimedLabels } from './policy-action.ts';
import type { Session } from './session.ts';
import { type ListViewer, type ShownLists, ShownListsTable } from './shown-lists.ts';
import { type TaskIds, type TaskViewer, viewerOf } from './task-ids.ts';

/** Who hears. */
interface Watcher {
  readonly endpoint: string;
  readonly principal: Principal;
  readonly kinds: ReadonlySet<ListKind>;
  readonly lease: Lease;
  /** Exposed URI → what it is at which server. */
  readonly uris: Map<string, { readonly server: string; readonly own: string }>;
  /** Own ids of tasks of the extension, by server. */
  readonly tasks: Map<string, Set<string>>;
  readonly viewer: TaskViewer;
  readonly eyes: ListViewer;
  /** What its lists last looked like. */
  shown: ShownLists;
  /** Lists whose change it was told of in this turn. */
  readonly justTold: Set<ListKind>;
  readonly tell: (method: string, params: JsonObject | undefined) => void;
}

export interface SubscriptionsDeps {
  readonly clock: Clock;
  readonly taskIds: TaskIds;
  readonly upstreams: Upstreams;
  readonly catalogs: Catalogs;
  readonly engines: Engines;
  readonly snapshot: () => Snapshot;
  /** Endpoints that are in no snapshot: those of inspections. */
  readonly inspected?: (name: string, snapshot: Snapshot) => EndpointSpec | undefined;
  /** What of these tools decides whether an endpoint's list is another. */
  readonly shownTools: (tools: CatalogList, endpoint: EndpointSpec) => string;
}

/** Who asks for what may be watched. */
type WatchRequest = Pick<Decoded, 'endpoint' | 'principal' | 'params' | 'atMs'>;

const LIST_KINDS: readonly ListKind[] = ['tools', 'prompts', 'resources'];
const CHANGED_FLAG: Readonly<Record<ListKind, string>> = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' };
const WATCHED_MAX = 1_000;
/** Notices kept until a stream is acknowledged. */
const EARLY_MAX = 1_000;
/** Views of lists that are remembered before those of clients that left are forgotten. */
const VIEWS_KEPT = 1_000;
/** A server is given so long to take note of a subscription before the client is told that it is there. */
const TOLD_MS_MAX = 5_000;

export class Subscriptions {
  readonly #deps: SubscriptionsDeps;
  readonly #watchers = new Set<Watcher>();
  readonly #bySession = new Map<Session, Watcher>();
  readonly #shown: ShownListsTable;
  readonly #watchedAt = new Map<Upstream, { readonly server: string; readonly watchers: Set<Watcher> }>();
  readonly #listens = new Map<Watcher, () => void>();

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps;
    this.#shown = new ShownListsTable({ catalogs: deps.catalogs, snapshot: deps.snapshot, nowMs: () => deps.clock.nowMs(), shownTools: deps.shownTools });
  }

  /** A legacy session hears of list changes from its start. */
  addSession(session: Session): void {
    this.removeSession(session);
    const { endpoint, principal, capabilities, revision } = session.opening;
    const watcher: Watcher = {
      endpoint,
      principal,
      kinds: new Set(LIST_KINDS),
      lease: leaseOf({ principal, client: { revision, capabilities, info: undefined, logLevel: undefined, session } }),
      uris: new Map(),
      tasks: new Map(),
      viewer: { endpoint, principal: principal.id },
      ...this.#looking(endpoint, { principal, params: {} }),
      tell: (method, params) => session.notify(method, params),
    };
    this.#watchers.add(watcher);
    this.#bySession.set(session, watcher);
  }

  removeSession(session: Session): void {
    const watcher = this.#bySession.get(session);
    this.#bySession.delete(session);
    if (watcher !== undefined) this.#remove(watcher);
  }

  /** Throws `routing.unknown` for a URI that no server has, `limit.overloaded` beyond the cap. */
  async watch(session: Session, uri: string, exchange: Decoded): Promise<void> {
    const watcher = this.#bySession.get(session);
    if (watcher === undefined) return;
    await this.#watch(watcher, uri, exchange);
    session.watches(watcher.uris.keys());
  }

  /** What a session watched at the gateway that had it before. Resolves with the URIs that cannot be watched any more. */
  async watchAgain(session: Session, uris: readonly string[], atMs: number): Promise<readonly string[]> {
    const watcher = this.#bySession.get(session);
    const endpoint = this.#endpoint(session.opening.endpoint);
    if (watcher === undefined || endpoint === undefined) return uris;
    const lost: string[] = [];
    for (const uri of uris) await this.#watch(watcher, uri, { endpoint, principal: watcher.principal, params: {}, atMs }).catch(() => lost.push(uri));
    session.watches(watcher.uris.keys());
    return lost;
  }

  unwatch(session: Session, uri: string): void {
    const watcher = this.#bySession.get(session);
    watcher?.uris.delete(uri);
    if (watcher !== undefined) session.watches(watcher.uris.keys());
    this.#update();
  }

  /**
   * `subscriptions/listen` (2026-07-28, basic/patterns/subscriptions): acknowledges what is honoured, then tells until
   * the client closes the stream or `stop` is called, which ends it with a result.
   */
  async listen(exchange: Decoded): Promise<void> {
    const filter = isObject(exchange.params['notifications']) ? exchange.params['notifications'] : {};
    const wanted = Array.isArray(filter['resourceSubscriptions']) ? filter['resourceSubscriptions'].filter((uri) => typeof uri === 'string') : [];
    const wantedTasks = taskIdsOf(filter, exchange);
    const subscription = { [META.subscriptionId]: exchange.id };
    const send = (method: string, params: JsonObject | undefined): void => {
      const meta = isObject(params?.['_meta']) ? params['_meta'] : {};
      exchange.reply.send(JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta: { ...meta, ...subscription } } }));
    };
    const kinds = new Set(LIST_KINDS.filter((kind) => filter[CHANGED_FLAG[kind]] === true));
    // Servers may tell of changes as soon as they are asked to; the client must hear the acknowledgement first.
    let early: (() => void)[] | undefined = [];
    const tell: Watcher['tell'] = (method, params) => {
      if (early === undefined) send(method, params);
      else if (early.length < EARLY_MAX) early.push(() => send(method, params));
    };
    const watcher: Watcher = { endpoint: exchange.endpoint.name, principal: exchange.principal, kinds, lease: leaseOf(exchange), uris: new Map(), tasks: new Map(), viewer: viewerOf(exchange), ...this.#looking(exchange.endpoint.name, exchange), tell };
    const honoured = await this.#honoured(watcher, wanted, exchange);
    const honouredTasks = await this.#honouredTasks(watcher, wantedTasks, exchange);
    const flags = Object.fromEntries([...kinds].map((kind) => [CHANGED_FLAG[kind], true]));
    send('notifications/subscriptions/acknowledged', { notifications: { ...flags, ...(wanted.length > 0 ? { resourceSubscriptions: honoured } : {}), ...(wantedTasks.length > 0 ? { taskIds: honouredTasks } : {}) } });
    for (const sendNow of early) sendNow();
    early = undefined;
    this.#watchers.add(watcher);
    await new Promise<void>((resolve) => {
      exchange.reply.onGone = resolve;
      this.#listens.set(watcher, resolve);
      // It may have left while servers were told.
      if (exchange.reply.isGone) resolve();
    });
    this.#listens.delete(watcher);
    this.#remove(watcher);
  }

  /** Which of these URIs some server lets us watch. */
  async #honoured(watcher: Watcher, uris: readonly string[], exchange: Decoded): Promise<readonly string[]> {
    const honoured: string[] = [];
    for (const uri of uris) {
      const isWatched = await this.#watch(watcher, uri, exchange).then(
        () => true,
        () => false,
      );
      if (isWatched) honoured.push(uri);
    }
    return honoured;
  }

  /** Those of our ids whose servers can tell of their tasks. */
  async #honouredTasks(watcher: Watcher, ids: readonly string[], exchange: Decoded): Promise<readonly string[]> {
    const honoured: string[] = [];
    for (const id of ids.slice(0, WATCHED_MAX)) {
      try {
        const { member, own } = this.#deps.taskIds.find(id, exchange);
        watcher.tasks.set(member.server, (watcher.tasks.get(member.server) ?? new Set()).add(own));
        await this.#attach(watcher, member.server);
        honoured.push(id);
      } catch {
        // Not honoured, which the acknowledgement says by leaving it out.
      }
    }
    return honoured;
  }

  /** Servers' lists or the configuration changed: those whose visible list differs are told. */
  listsChanged(): void {
    for (const watcher of this.#watchers) {
      const before = watcher.shown;
      watcher.shown = this.#shown.of(this.#endpoint(watcher.endpoint), watcher.eyes);
      if (before === watcher.shown) continue;
      for (const kind of LIST_KINDS) {
        if (before[kind] === watcher.shown[kind]) continue;
        tellChange(watcher, kind);
        this.#tellOnce(watcher, kind);
      }
    }
    if (this.#shown.size > VIEWS_KEPT) this.#shown.forget(new Set([...this.#watchers].map(({ shown }) => shown)));
  }

  /**
   * A server says that a list changed. Those who have not been told since, because what they see is what it was, are
   * told too: a definition may mean something new under the same words.
   */
  listAnnounced(server: string, kind: ListKind): void {
    for (const watcher of this.#watchers) {
      const namespace = this.#endpoint(watcher.endpoint)?.namespace;
      if (watcher.justTold.delete(kind) || namespace?.members.some((member) => member.server === server) !== true) continue;
      tellChange(watcher, kind);
    }
  }

  /** A server is up again: what is watched there must be watched anew. */
  serverReady(server: string): void {
    for (const watcher of this.#watchers)
      if ([...watcher.uris.values()].some((watched) => watched.server === server)) void this.#attach(watcher, server).catch(() => undefined);
  }

  resourceUpdated(owner: ConnectionOwner, params: JsonObject): void {
    for (const watcher of this.#watchedAt.get(owner.upstream)?.watchers ?? []) {
      for (const [uri, watched] of watcher.uris) {
        if (watched.server === owner.server && watched.own === params['uri']) watcher.tell('notifications/resources/updated', { ...params, uri });
      }
    }
  }

  /** A task of the extension changed: those who listen for it hear, each with the id it knows. */
  taskChanged(owner: ConnectionOwner, params: JsonObject): void {
    const { taskId } = params;
    for (const watcher of this.#watchedAt.get(owner.upstream)?.watchers ?? []) {
      if (typeof taskId === 'string' && watcher.tasks.get(owner.server)?.has(taskId) === true) watcher.tell('notifications/tasks', this.#deps.taskIds.inMessage(params, owner.server, watcher.viewer));
    }
  }

  /** A list changed on a connection of one principal or session: only whose connection it is hears of it. */
  ownListChanged(owner: ConnectionOwner, method: string): void {
    const kind = LIST_KINDS.find((candidate) => method === `notifications/${candidate}/list_changed`);
    if (kind === undefined) return;
    for (const watcher of this.#watchers) {
      const { principalId, sessionId } = watcher.lease;
      const isOwner = owner.sessionId === undefined ? principalId === owner.principalId : sessionId === owner.sessionId;
      const hasServer = this.#endpoint(watcher.endpoint)?.namespace.members.some((member) => member.server === owner.server) === true;
      if (isOwner && hasServer && watcher.kinds.has(kind)) watcher.tell(method, undefined);
    }
  }

  /** Ends the listen streams of those who may not listen any more; each gets its result. */
  endListens(isOver: (listener: Pick<Watcher, 'endpoint' | 'principal'>) => boolean): void {
    for (const [watcher, end] of [...this.#listens]) if (isOver(watcher)) end();
  }

  /** Listen streams that are open now. */
  get streams(): number {
    return this.#listens.size;
  }

  /** Ends all listen streams; each gets its result. */
  stop(): void {
    for (const end of this.#listens.values()) end();
  }

  /** The difference is found in the same turn in which the server's word for it comes. */
  #tellOnce(watcher: Watcher, kind: ListKind): void {
    watcher.justTold.add(kind);
    this.#deps.clock.after(0, () => watcher.justTold.delete(kind));
  }

  #endpoint(name: string): EndpointSpec | undefined {
    const { snapshot, inspected } = this.#deps;
    const current = snapshot();
    return current.endpoints.get(name) ?? inspected?.(name, current);
  }

  #looking(endpoint: string, { principal, params }: ListViewer): Pick<Watcher, 'eyes' | 'shown' | 'justTold'> {
    const eyes = { principal, params };
    return { eyes, shown: this.#shown.of(this.#endpoint(endpoint), eyes), justTold: new Set() };
  }

  async #watch(watcher: Watcher, uri: string, exchange: WatchRequest): Promise<void> {
    const found = findReadable(this.#deps.catalogs.of(exchange.endpoint.namespace), uri);
    if (found === undefined || !(await this.#mayRead(exchange, found))) throw new Fault('routing.unknown', { message: 'Resource not found' });
    if (watcher.uris.size >= WATCHED_MAX) throw new Fault('limit.overloaded', { reason: 'too_many_subscriptions' });
    watcher.uris.set(uri, { server: found.member.server, own: found.own });
    try {
      await this.#attach(watcher, found.member.server);
    } catch (thrown) {
      watcher.uris.delete(uri);
      throw thrown;
    }
  }

  /** Who may not read a resource is told nothing of its changes. */
  async #mayRead({ endpoint, principal, params, atMs }: WatchRequest, { member, own }: Pick<Entry, 'member' | 'own'>): Promise<boolean> {
    const { namespace } = endpoint;
    const action = {
      method: 'resources/read',
      endpoint: endpoint.name,
      server: member.server,
      as: member.as,
      primitive: 'resource',
      name: own,
      arguments: {},
      claimed: claimedLabels(params),
      atMs,
    } as const;
    const decision = decide(namespace, principal, action);
    if (namespace.engine === undefined || !decision.isAllowed) return decision.isAllowed;
    return (await this.#deps.engines.decide(namespace, namespace.engine, { principal, action, own: decision })).isAllowed;
  }

  async #attach(watcher: Watcher, server: string): Promise<void> {
    const { upstreams } = this.#deps;
    const upstream = upstreams.find(server, watcher.lease) ?? (await upstreams.acquire(server, watcher.lease));
    const watched = this.#watchedAt.get(upstream) ?? { server, watchers: new Set() };
    watched.watchers.add(watcher);
    this.#watchedAt.set(upstream, watched);
    const told = this.#watchResources(upstream);
    await Promise.race([told, sleep(this.#deps.clock, TOLD_MS_MAX)]);
  }

  async #watchResources(upstream: Upstream): Promise<void> {
    const uris = new Set<string>();
    const taskIds = new Set<string>();
    const watched = this.#watchedAt.get(upstream);
    for (const watcher of watched?.watchers ?? []) {
      for (const { server, own } of watcher.uris.values()) if (server === watched?.server) uris.add(own);
      for (const id of watcher.tasks.get(watched?.server ?? '') ?? []) taskIds.add(id);
    }
    if (uris.size === 0 && taskIds.size === 0) this.#watchedAt.delete(upstream);
    await upstream.watch({ uris, taskIds });
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    watcher.uris.clear();
    watcher.tasks.clear();
    for (const { watchers } of this.#watchedAt.values()) watchers.delete(watcher);
    this.#update();
  }

  #update(): void {
    for (const upstream of [...this.#watchedAt.keys()]) void this.#watchResources(upstream);
  }
}

function tellChange(watcher: Watcher, kind: ListKind): void {
  if (watcher.kinds.has(kind)) watcher.tell(`notifications/${kind}/list_changed`, undefined);
}

/** Throws `request.capability_missing` where the client wants to hear of tasks and did not declare the extension (SEP-2663). */
function taskIdsOf(filter: JsonObject, { client }: Decoded): readonly string[] {
  const { taskIds } = filter;
  if (!Array.isArray(taskIds)) return [];
  if (!hasTasksExtension(client)) throw new Fault('request.capability_missing', { data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION_ID]: {} } } } });
  return taskIds.filter((id) => typeof id === 'string');
}

/** The final result of a listen stream. */
export function listenResult(id: RequestId): JsonObject {
  return { resultType: 'complete', _meta: { [META.subscriptionId]: id } };
}
