/**
 * One server of the pool: the catalogue connection under supervision, which is the source of its lists and serves
 * everybody where sharing is allowed, and the connections of single principals and sessions.
 */
import { type Fault, toFault } from '../base/fault.ts';
import { isPerPrincipal } from '../model/server-auth.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Family, JsonObject } from '../protocol/messages.ts';
import { Breaker } from './breaker.ts';
import { Connection, type ConnectionDeps } from './connection.ts';
import { type Budget, IsolatedConnections } from './isolated-connections.ts';
import { isolationOf, type Place, placeOf } from './lease.ts';
import type { Link } from './link.ts';
import { ListKeeper } from './list-keeper.ts';
import { OpenLinks } from './open-links.ts';
import { describing, PersonalLists } from './personal-lists.ts';
import { RetryBudget } from './retry-budget.ts';
import { Supervisor } from './supervisor.ts';
import type { ServerProfile, Upstream } from './upstream.ts';
import type { Lease, ServerLists, ServerState, ServerStatus } from './upstreams.ts';

/** A server that is up already starts, or refuses the older family, within this time. */
const TWIN_START_MS = 5_000;

export class ServerUnit {
  spec: ServerSpec;
  readonly #deps: ConnectionDeps;
  readonly #links: OpenLinks;
  readonly #supervisor: Supervisor<Connection>;
  readonly #breaker: Breaker;
  readonly #retries: RetryBudget;
  readonly #keeper: ListKeeper;
  readonly #isolated: IsolatedConnections;
  /** Connections in the older family to a server that is known to be modern. */
  readonly #twins: IsolatedConnections;
  /** The server refused `initialize`. */
  #isModernOnly = false;
  readonly #budget: Budget;
  #hasAsked = false;
  readonly #personal: PersonalLists;
  #profile: ServerProfile | undefined;
  /** The lists were read since the server came up. */
  #isListed = false;
  #status: ServerStatus = 'connecting';
  #isRefusing = false;
  #sinceMs: number;
  /** Of the latest link of the catalogue connection, also while it is being opened and after it ended. */
  #stderrTail: () => string = () => '';
  /** The catalogue connection once the unit drains; asked again with less time, it ends sooner. */
  #leaving: Connection | undefined;
  readonly #settling = new Set<() => void>();

  constructor(spec: ServerSpec, budget: Budget, deps: ConnectionDeps, former: ServerLists | undefined) {
    this.spec = spec;
    this.#links = new OpenLinks(spec.name);
    this.#deps = {
      ...deps,
      openLink: (wanted, principalId) => this.#links.track(deps.openLink(wanted, principalId)),
      onAsked: () => {
        this.#hasAsked = true;
      },
      onSettled: (fault) => this.#breaker.settled(fault),
    };
    this.#breaker = new Breaker({ server: spec.name, clock: deps.clock, random: deps.random, callTimeoutMs: () => this.spec.callTimeoutMs, changed: () => deps.events.stateChanged(spec.name) });
    this.#retries = new RetryBudget(deps.random);
    this.#budget = budget;
    this.#personal = new PersonalLists(spec.name);
    this.#sinceMs = deps.clock.nowMs();
    this.#keeper = new ListKeeper(
      {
        server: spec.name,
        clock: deps.clock,
        random: deps.random,
        changed: (kinds) => {
          for (const kind of kinds) deps.events.listChanged(spec.name, kind);
        },
        announced: (kinds) => {
          for (const kind of kinds) deps.events.listAnnounced?.(spec.name, kind);
        },
        stateChanged: () => this.#review(),
      },
      former,
    );
    this.#isolated = new IsolatedConnections(() => this.spec, budget, this.#deps, (kind) => this.#keeper.listChanged(kind, false));
    this.#twins = new IsolatedConnections(() => ({ ...this.spec, revision: 'legacy', idleConnections: 0, startTimeoutMs: Math.min(this.spec.startTimeoutMs, TWIN_START_MS) }), budget, this.#deps, (kind) => this.#keeper.listChanged(kind, false));
    this.#supervisor = new Supervisor<Connection>({
      server: spec.name,
      clock: deps.clock,
      random: deps.random,
      startTimeoutMs: () => this.spec.startTimeoutMs,
      connect: (closed) => this.#connect(closed),
      changed: () => this.#supervised(),
      waitsForSignIn: () => this.spec.auth?.type === 'oauth' || isPerPrincipal(this.spec.auth),
    });
  }

  start(): void {
    this.#supervisor.start();
  }

  get lists(): ServerLists | undefined {
    const { lists } = this.#keeper;
    if (!isPerPrincipal(this.spec.auth)) return lists;
    if (this.spec.auth?.type === 'oauth') return this.#personal.from(lists);
    return lists && describing(lists);
  }

  get profile(): ServerProfile | undefined {
    return this.#profile;
  }

  find(lease: Lease): Upstream | undefined {
    if (this.#breaker.isOpen) return undefined;
    if (isPerPrincipal(this.spec.auth)) {
      const place = this.#personalPlace(lease);
      return place.key === undefined ? undefined : this.#isolated.find(place.key, place)?.peer;
    }
    const catalogue = this.#supervisor.connection;
    if (catalogue === undefined || this.#profile === undefined) return undefined;
    if (this.#mayTwin(lease, this.#profile.family)) return this.#findTwin(lease);
    const place = placeOf(this.spec, this.#profile.family, lease, this.#hasAsked);
    return place.key === undefined ? catalogue.peer : this.#isolated.find(place.key, place)?.peer;
  }

  /** The catalogue connection comes first: it shows the family, and that the server starts at all. Whose grant a call needs, no other connection can tell. */
  async acquire(lease: Lease): Promise<Upstream> {
    this.#breaker.admit();
    try {
      return await this.#acquire(lease);
    } catch (thrown) {
      // Why there is no connection is the supervisor's to judge.
      this.#breaker.abandoned();
      throw thrown;
    }
  }

  /** After so many milliseconds a read may be sent again; see RetryBudget. */
  retryDelayMs(attempt: number): number | undefined {
    return this.#retries.take(attempt);
  }

  async #acquire(lease: Lease): Promise<Upstream> {
    if (this.#supervisor.isOut) await this.#supervisor.whenUp();
    if (isPerPrincipal(this.spec.auth)) {
      const place = this.#personalPlace(lease);
      if (place.key !== undefined) return (await this.#isolated.acquire(place.key, place, lease)).peer;
    }
    const catalogue = await this.#supervisor.whenUp();
    const { family } = catalogue.peer.profile;
    if (this.#mayTwin(lease, family)) return (await this.#openTwin(lease)) ?? catalogue.peer;
    const place = placeOf(this.spec, family, lease, this.#hasAsked);
    return place.key === undefined ? catalogue.peer : (await this.#isolated.acquire(place.key, place, lease)).peer;
  }

  /**
   * A modern server may know `initialize` as well, and its tools may ask in ways that only a session has. So an older
   * client that can be asked gets a session of its own, in its own family, where nothing else is configured and the
   * server has not refused it before.
   */
  #mayTwin(lease: Lease, family: Family): boolean {
    const isOpen = this.spec.revision === 'auto' && this.spec.isolation === 'auto' && !this.#isModernOnly;
    return isOpen && family === 'modern' && lease.family === 'legacy' && lease.wantsInteraction && lease.sessionId !== undefined;
  }

  #findTwin(lease: Lease): Upstream | undefined {
    const place = placeOf(this.spec, 'legacy', lease, false);
    return place.key === undefined ? undefined : this.#twins.find(place.key, place)?.peer;
  }

  async #openTwin(lease: Lease): Promise<Upstream | undefined> {
    const place = placeOf(this.spec, 'legacy', lease, false);
    if (place.key === undefined) return undefined;
    try {
      return (await this.#twins.acquire(place.key, place)).peer;
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code === 'limit.overloaded') throw fault;
      this.#isModernOnly = true;
      return undefined;
    }
  }

  #personalPlace(lease: Lease): Place {
    return placeOf(this.spec, this.#profile?.family ?? (this.spec.type === 'http' ? 'modern' : 'legacy'), lease, this.#hasAsked);
  }

  /** Somebody signed in (`isGiven`) or withdrew. `principalId` undefined: for the whole server. */
  grantChanged(principalId: string | undefined, isGiven: boolean): void {
    if (!isGiven) this.#isolated.closeOf(principalId);
    const { status } = this.#supervisor;
    if (isGiven && (status === 'waiting' || status === 'failed')) this.#supervisor.start();
    // Lists that could not be read for want of a grant can be read now.
    else if (isGiven && status === 'up' && (this.#keeper.isDegraded || this.#keeper.lists?.isStale === true)) void this.#keeper.resync();
    // The catalogue connection may have borrowed what was withdrawn.
    else if (!isGiven && status === 'up') this.#supervisor.restart().catch((thrown: unknown) => this.#deps.onDropped(this.spec.name, 'grant', toFault(thrown).code));
  }

  notifySession(sessionId: string, method: string, params: JsonObject): void {
    this.#isolated.notifySession(sessionId, method, params);
    this.#twins.notifySession(sessionId, method, params);
  }

  release(sessionId: string): void {
    this.#isolated.release(sessionId);
    this.#twins.release(sessionId);
  }

  async restart(): Promise<void> {
    this.#isolated.closeAll();
    this.#twins.closeAll();
    await this.#supervisor.restart();
  }

  /** A drill: calls under way end as if the server had ended, and there is no connection for anybody for so long. */
  async takeOut(forMs: number): Promise<void> {
    this.#isolated.closeAll();
    this.#twins.closeAll();
    await this.#supervisor.takeOut(forMs)?.close();
  }

  async resync(): Promise<void> {
    await this.#supervisor.whenUp();
    await this.#keeper.resync();
  }

  /** Resolves when the server is connected and its lists were read, or when it failed or stopped. */
  settled(): Promise<void> {
    if (this.#status !== 'connecting') return Promise.resolve();
    return new Promise((resolve) => {
      this.#settling.add(resolve);
    });
  }

  /** No new calls; those in flight end by themselves within `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.#leaving ??= this.#supervisor.stop();
    await Promise.all([this.#leaving?.drain(this.#deps.clock, timeoutMs), this.#isolated.drain(timeoutMs), this.#twins.drain(timeoutMs)]);
    // What is still shaking hands by now serves nobody.
    await this.#links.close();
  }

  state(): ServerState {
    const supervisor = this.#supervisor;
    const lists = this.#keeper.lists;
    return {
      name: this.spec.name,
      status: this.#status,
      sinceMs: this.#sinceMs,
      pid: supervisor.connection?.peer.pid,
      profile: this.#profile,
      isolation: isolationOf(this.spec, this.#profile?.family),
      connections: this.#isolated.count + this.#twins.count + (supervisor.connection === undefined ? 0 : 1),
      restarts: supervisor.restarts,
      lastError: supervisor.status === 'waiting' && isPerPrincipal(this.spec.auth) ? undefined : describe(supervisor.lastFault),
      stderrTail: this.#stderrTail(),
      warnings: this.#warnings(),
      counts: {
        tools: lists?.tools.length ?? 0,
        prompts: lists?.prompts.length ?? 0,
        resources: lists?.resources.length ?? 0,
        resourceTemplates: lists?.resourceTemplates.length ?? 0,
      },
      handshakeMs: supervisor.handshakeMs,
      refusal: supervisor.refusal,
    };
  }

  #warnings(): readonly string[] {
    const { warnings } = this.#keeper;
    if (this.#breaker.isOpen) return [...warnings, 'did not answer its last calls: further ones are refused until one that is let through is answered'];
    return this.#supervisor.status === 'waiting' ? [...warnings, 'waits for a sign-in: the server shows nothing without one'] : warnings;
  }

  async #connect(closed: (fault: Fault) => void): Promise<Connection> {
    let connection: Connection | undefined;
    this.#budget.open++;
    const deps = {
      ...this.#deps,
      openLink: (spec: ServerSpec) => async (events: Parameters<ReturnType<ConnectionDeps['openLink']>>[0]) => {
        const link = await this.#deps.openLink(spec)(events);
        this.#keepStderr(link);
        return link;
      },
    };
    try {
      connection = await Connection.open(this.spec, { isInteractive: true }, deps, {
        listChanged: (kind) => this.#keeper.listChanged(kind),
        closed: (fault) => {
          if (connection === undefined) return;
          this.#budget.open--;
          closed(fault);
        },
      });
      return connection;
    } catch (thrown) {
      this.#budget.open--;
      throw thrown;
    }
  }

  /** What the server last wrote is often the only word on why it does not start: it stays until the next start says something. */
  #keepStderr(link: Link): void {
    const former = this.#stderrTail();
    this.#stderrTail = () => link.stderrTail() || former;
  }

  #supervised(): void {
    const { connection, status } = this.#supervisor;
    if (status !== 'up' || connection === undefined) {
      this.#isListed = false;
      this.#keeper.down();
      this.#review();
      return;
    }
    this.#breaker.reset();
    this.#profile = connection.peer.profile;
    void this.#keeper.up(connection.peer).then(() => {
      if (this.#supervisor.connection !== connection) return;
      this.#isListed = true;
      this.#review();
      if (isolationOf(this.spec, this.#profile?.family).effective !== 'shared') this.#isolated.warm();
    });
  }

  #review(): void {
    const status = this.#statusNow();
    if (status !== 'connecting') {
      for (const resolve of this.#settling) resolve();
      this.#settling.clear();
    }
    const wasRefusing = this.#isRefusing;
    this.#isRefusing = this.#supervisor.refusal !== undefined;
    // Who waits for the lists of a server that keeps ending need not wait any longer.
    if (status === this.#status && this.#isRefusing && !wasRefusing) this.#deps.events.stateChanged(this.spec.name);
    if (status === this.#status) return;
    this.#status = status;
    this.#sinceMs = this.#deps.clock.nowMs();
    this.#deps.events.stateChanged(this.spec.name);
  }

  #statusNow(): ServerStatus {
    const { status } = this.#supervisor;
    if (status === 'waiting') return isPerPrincipal(this.spec.auth) ? 'ready' : 'failed';
    if (status !== 'up') return status;
    if (!this.#isListed) return 'connecting';
    return this.#keeper.isDegraded ? 'degraded' : 'ready';
  }
}

function describe(fault: Fault | undefined): string | undefined {
  return fault && `${fault.code}${fault.reason === undefined ? '' : ` (${fault.reason})`}: ${fault.detail ?? fault.message}`;
}
