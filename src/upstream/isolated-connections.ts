/**
 * The connections to one server that belong to single principals or sessions: opened when first wanted, from the warm
 * reserve where one is ready, and closed when unused for long or when their session ends.
 */
import { type CancelTimer, sleep } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { isPerPrincipal } from '../model/server-auth.ts';
import type { ServerSpec } from '../model/server.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { Connection, type ConnectionDeps, type Declared } from './connection.ts';
import type { Place } from './lease.ts';
import type { ListKind } from './upstream.ts';
import { INTERACTIVE_CALLS, type Lease } from './upstreams.ts';
import { WaitingLine } from './waiting-line.ts';

/** Connections of the whole gateway. */
export interface Budget {
  open: number;
}

export const CONNECTIONS_MAX = 512;
const PER_SERVER_MAX = 64;
/** Connections of one principal whose calls may be asked something. */
const EXCLUSIVE_MAX = 8;
const SWEEP_MS_MAX = 30_000;
/** A server whose connections fail so often within the window gets a rest: each costs a process. */
const FAILURES_MAX = 5;
const FAILURE_WINDOW_MS = 60_000;
/** How often connections that are still being opened are looked for while the rest drains. */
const DRAIN_POLL_MS = 100;

interface Group {
  readonly connections: Connection[];
  opening: number;
  /** The one that is being opened for all who wait; exclusive groups open one for each. */
  shared: Promise<Connection> | undefined;
  /** Exclusive groups: who waits for one that is idle, or for room to open one (undefined). */
  readonly line: WaitingLine<Connection | undefined>;
}

export class IsolatedConnections {
  readonly #deps: ConnectionDeps;
  readonly #spec: () => ServerSpec;
  readonly #budget: Budget;
  readonly #listChanged: (kind: ListKind) => void;
  readonly #groups = new Map<string, Group>();
  #reserve: Connection[] = [];
  #opening = 0;
  #failuresMs: number[] = [];
  /** What the reserve is made for: what was wanted last. */
  #reserveFor: Declared = { isInteractive: true };
  #cancelSweep: CancelTimer | undefined;
  #isClosed = false;

  constructor(spec: () => ServerSpec, budget: Budget, deps: ConnectionDeps, listChanged: (kind: ListKind) => void) {
    this.#spec = spec;
    this.#listChanged = listChanged;
    this.#budget = budget;
    this.#deps = deps;
  }

  get count(): number {
    let count = this.#reserve.length + this.#opening;
    for (const group of this.#groups.values()) count += group.connections.length;
    return count;
  }

  /** Map lookups only. */
  find(key: string, place: Place): Connection | undefined {
    const group = this.#groups.get(key);
    // Whoever waits in line comes first.
    const connection = place.isExclusive ? group?.connections.find((candidate) => candidate.isIdle && group.line.length === 0) : group?.connections[0];
    if (connection !== undefined) connection.lastUsedMs = this.#deps.clock.monotonicMs();
    return connection;
  }

  /** Rejects with `limit.overloaded` at a cap, for exclusive ones after waiting as long as a call may take; else with why no connection came up. */
  async acquire(key: string, place: Place, { onCrowded }: Pick<Lease, 'onCrowded'> = {}): Promise<Connection> {
    const found = this.find(key, place);
    if (found !== undefined) return found;
    if (place.isExclusive) return await this.#acquireExclusive(key, place, onCrowded);
    const group = this.#group(key);
    group.shared ??= this.#open(key, group, place).finally(() => {
      group.shared = undefined;
    });
    return group.shared;
  }

  #group(key: string): Group {
    const group = this.#groups.get(key) ?? { connections: [], opening: 0, shared: undefined, line: new WaitingLine(this.#deps.clock) };
    this.#groups.set(key, group);
    return group;
  }

  async #acquireExclusive(key: string, place: Place, onCrowded: (() => void) | undefined): Promise<Connection> {
    const { name, callTimeoutMs } = this.#spec();
    const endMs = this.#deps.clock.monotonicMs() + callTimeoutMs;
    const tooLate = (): Fault => new Fault('limit.overloaded', { server: name, reason: INTERACTIVE_CALLS, detail: `${EXCLUSIVE_MAX} calls under way that may ask this client` });
    for (let hasWaited = false; ; hasWaited = true) {
      const group = this.#group(key);
      if ((hasWaited || group.line.length === 0) && group.connections.length + group.opening < EXCLUSIVE_MAX) {
        const connection = await this.#open(key, group, place);
        this.#keepFor(connection, group);
        return connection;
      }
      const connection = await group.line.wait({ timeoutMs: endMs - this.#deps.clock.monotonicMs(), tooLate, onCrowded });
      if (connection !== undefined) return connection;
    }
  }

  /** The waiter gets its turn to send; if it does not, the connection is the next one's. */
  #keepFor(connection: Connection, group: Group): void {
    connection.isReserved = true;
    this.#deps.clock.after(0, () => {
      connection.isReserved = false;
      this.#serveLine(group, connection);
    });
  }

  #serveLine(group: Group, connection: Connection): void {
    if (group.line.length === 0 || connection.isClosed || !connection.isIdle) return;
    connection.lastUsedMs = this.#deps.clock.monotonicMs();
    this.#keepFor(connection, group);
    group.line.give(connection);
  }

  notifySession(sessionId: string, method: string, params: JsonObject): void {
    for (const group of this.#groups.values()) for (const connection of group.connections) if (connection.sessionId === sessionId) connection.peer.notify(method, params);
  }

  release(sessionId: string): void {
    for (const group of this.#groups.values()) for (const connection of [...group.connections]) if (connection.sessionId === sessionId) void connection.close();
  }

  /** Ends those of one principal; undefined: all. */
  closeOf(principalId: string | undefined): void {
    if (principalId === undefined) this.closeAll();
    for (const group of this.#groups.values()) for (const connection of [...group.connections]) if (connection.principalId === principalId) void connection.close();
  }

  /** Ends all, to be opened anew when wanted. */
  closeAll(): void {
    const reserve = this.#reserve;
    this.#reserve = [];
    for (const connection of [...reserve, ...[...this.#groups.values()].flatMap((group) => group.connections)]) void connection.close();
  }

  /** Fills the reserve; a failure leaves it as it is until one is taken again. */
  warm(): void {
    const spec = this.#spec();
    // What is opened for one principal carries its credentials from the first byte on.
    if (isPerPrincipal(spec.auth)) return;
    const missing = Math.min(spec.idleConnections - this.#reserve.length - this.#opening, PER_SERVER_MAX - this.count, CONNECTIONS_MAX - this.#budget.open);
    for (let index = 0; index < missing && !this.#isClosed; index++) {
      this.#connect(this.#reserveFor, (connection) => {
        this.#reserve = this.#reserve.filter((other) => other !== connection);
      }).then(
        (connection) => {
          if (this.#isClosed) void connection.close();
          else if (!connection.isClosed) this.#reserve.push(connection);
        },
        (thrown: unknown) => {
          if (!this.#isClosed) this.#deps.onDropped(spec.name, 'reserve', toFault(thrown).detail ?? 'failed');
        },
      );
    }
  }

  /** Takes no more; calls in flight may end, also those that wait for a connection. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    this.#cancelSweep?.();
    for (const group of this.#groups.values()) group.line.disband(new Fault('upstream.unavailable', { server: this.#spec().name, reason: 'stopped' }));
    const { clock } = this.#deps;
    const endMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      const all = [...this.#reserve, ...[...this.#groups.values()].flatMap((group) => group.connections)];
      await Promise.all(all.map((connection) => connection.drain(clock, Math.max(0, endMs - clock.monotonicMs()))));
      if (this.#opening === 0 || clock.monotonicMs() >= endMs) return;
      await sleep(clock, DRAIN_POLL_MS);
    }
  }

  async #open(key: string, group: Group, place: Place): Promise<Connection> {
    const connection = await this.#take(key, group, place);
    connection.principalId = place.principalId;
    connection.sessionId = place.sessionId;
    connection.lastUsedMs = this.#deps.clock.monotonicMs();
    group.connections.push(connection);
    this.#groups.set(key, group);
    this.#sweepLater();
    return connection;
  }

  async #take(key: string, group: Group, place: Place): Promise<Connection> {
    const declared: Declared = { isInteractive: place.isInteractive, declares: place.declares };
    this.#reserveFor = declared;
    const index = this.#reserve.findIndex((candidate) => isSame(candidate.declared, declared));
    const [warm] = index < 0 ? [] : this.#reserve.splice(index, 1);
    if (warm !== undefined) {
      this.#removals.set(warm, () => this.#remove(key, group, warm));
      // It may have asked for roots when nobody was there to answer.
      if (place.isInteractive && (place.declares === undefined || isObject(place.declares['roots'])) && warm.peer.profile.family === 'legacy') warm.peer.notify('notifications/roots/list_changed', {});
      this.warm();
      return warm;
    }
    this.#checkRest();
    group.opening++;
    try {
      return await this.#connect(declared, (connection) => this.#remove(key, group, connection), place.principalId);
    } catch (thrown) {
      const nowMs = this.#deps.clock.monotonicMs();
      // Whoever has not signed in yet says nothing about the server.
      if (toFault(thrown).code !== 'upstream.grant_needed') this.#failuresMs = [...this.#failuresMs.filter((failureMs) => nowMs - failureMs < FAILURE_WINDOW_MS), nowMs];
      if (group.connections.length === 0 && group.opening === 1 && group.line.length === 0) this.#groups.delete(key);
      throw unavailable(thrown, this.#spec().name);
    } finally {
      group.opening--;
      if (group.connections.length === 0) group.line.give(undefined);
    }
  }

  /** What to do when a connection ends, which changes when it leaves the reserve. */
  readonly #removals = new WeakMap<Connection, () => void>();

  async #connect(declared: Declared, removed: (connection: Connection) => void, principalId?: string): Promise<Connection> {
    this.#checkCaps();
    this.#opening++;
    this.#budget.open++;
    let connection: Connection | undefined;
    try {
      connection = await Connection.open(this.#spec(), declared, { ...this.#deps, openLink: (spec) => this.#deps.openLink(spec, principalId) }, {
        listChanged: this.#listChanged,
        idle: () => this.#idle(connection),
        closed: () => {
          if (connection === undefined) return;
          this.#budget.open--;
          this.#removals.get(connection)?.();
        },
      });
      const opened = connection;
      this.#removals.set(opened, () => removed(opened));
      return opened;
    } catch (thrown) {
      this.#budget.open--;
      throw thrown;
    } finally {
      this.#opening--;
    }
  }

  #checkCaps(): void {
    const { name } = this.#spec();
    if (this.#isClosed) throw new Fault('upstream.unavailable', { server: name, reason: 'stopped' });
    if (this.count < PER_SERVER_MAX && this.#budget.open < CONNECTIONS_MAX) return;
    const spare = this.#reserve.pop();
    if (spare === undefined) throw new Fault('limit.overloaded', { server: name, reason: 'connections', detail: `${this.count} connections to this server, ${this.#budget.open} in all` });
    void spare.close();
  }

  #checkRest(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const recent = this.#failuresMs.filter((failureMs) => nowMs - failureMs < FAILURE_WINDOW_MS);
    if (recent.length > FAILURES_MAX) throw new Fault('upstream.unavailable', { server: this.#spec().name, reason: 'failing', detail: `${recent.length} connections failed within a minute` });
  }

  #remove(key: string, group: Group, connection: Connection): void {
    const index = group.connections.indexOf(connection);
    if (index >= 0) group.connections.splice(index, 1);
    // There is room for another.
    group.line.give(undefined);
    if (group.connections.length === 0 && group.opening === 0 && group.line.length === 0 && this.#groups.get(key) === group) this.#groups.delete(key);
  }

  #idle(connection: Connection | undefined): void {
    if (connection === undefined) return;
    for (const group of this.#groups.values()) if (group.line.length > 0 && group.connections.includes(connection)) this.#serveLine(group, connection);
  }

  #sweepLater(): void {
    if (this.#cancelSweep !== undefined || this.#isClosed) return;
    const delayMs = Math.min(Math.max(this.#spec().idleTimeoutMs / 2, 1_000), SWEEP_MS_MAX);
    this.#cancelSweep = this.#deps.clock.after(delayMs, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      if (this.#groups.size > 0) this.#sweepLater();
    });
  }

  #sweep(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const { idleTimeoutMs } = this.#spec();
    for (const group of this.#groups.values()) {
      for (const connection of [...group.connections]) {
        if (!connection.isIdle || connection.peer.isWatching) connection.lastUsedMs = nowMs;
        else if (nowMs - connection.lastUsedMs >= idleTimeoutMs) void connection.close();
      }
    }
  }
}

function isSame(a: Declared, b: Declared): boolean {
  return a.isInteractive === b.isInteractive && JSON.stringify(a.declares) === JSON.stringify(b.declares);
}

function unavailable(thrown: unknown, server: string): Fault {
  const fault = toFault(thrown);
  const isPlain = fault.code === 'limit.overloaded' || fault.code === 'upstream.grant_needed' || fault.code === 'upstream.unavailable' || fault.code === 'gateway.bug';
  return isPlain ? fault : new Fault('upstream.unavailable', { server, detail: fault.detail ?? fault.message, cause: fault, ...(fault.reason === undefined ? {} : { reason: fault.reason }) });
}
