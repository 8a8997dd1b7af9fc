/** All upstreams of the gateway: a unit for each server, replaced when what it depends on changes. */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { ConnectionDeps } from './connection.ts';
import { Verdicts } from './detect.ts';
import type { Budget } from './isolated-connections.ts';
import type { OpenLink } from './link.ts';
import { ServerUnit } from './server-unit.ts';
import type { ServerProfile, Upstream } from './upstream.ts';
import type { Lease, ServerLists, ServerState, Upstreams, UpstreamsEvents } from './upstreams.ts';

export interface UpstreamsDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** `clientInfo` that servers see: `{name, version}`. */
  readonly gatewayInfo: JsonObject;
  /** The runtime of the server's type, not opened yet. */
  readonly openLink: (spec: ServerSpec, principalId?: string) => OpenLink;
  readonly events: UpstreamsEvents;
  /** Counts what was dropped, for metrics and the log. */
  readonly onDropped: (server: string, reason: string, detail: string) => void;
}

/** At the end of the gateway, calls get so long; they had the gateway's own grace before. */
const CLOSE_GRACE_MS = 0;

export function createUpstreams(deps: UpstreamsDeps): Upstreams {
  return new Pool(deps);
}

class Pool implements Upstreams {
  readonly #deps: ConnectionDeps;
  readonly #budget: Budget = { open: 0 };
  readonly #units = new Map<string, ServerUnit>();
  /** Replaced or removed, with calls still in flight. */
  readonly #draining = new Set<Promise<void>>();
  readonly #drainingUnits = new Set<ServerUnit>();
  #isClosed = false;

  constructor(deps: UpstreamsDeps) {
    this.#deps = { ...deps, verdicts: new Verdicts(deps.clock) };
  }

  apply(servers: ReadonlyMap<string, ServerSpec>): void {
    // Another gateway may change the configuration while this one ends.
    if (this.#isClosed) return;
    for (const [name, unit] of [...this.#units]) {
      const spec = servers.get(name);
      if (spec?.fingerprint === unit.spec.fingerprint) {
        unit.spec = spec;
        continue;
      }
      this.#units.delete(name);
      this.#drain(unit, unit.spec.callTimeoutMs);
      if (spec !== undefined) this.#start(spec, unit.lists);
      else this.#deps.events.stateChanged(name);
    }
    for (const [name, spec] of servers) if (!this.#units.has(name)) this.#start(spec, undefined);
  }

  find(server: string, lease: Lease): Upstream | undefined {
    return this.#units.get(server)?.find(lease);
  }

  async acquire(server: string, lease: Lease): Promise<Upstream> {
    const unit = this.#get(server);
    try {
      return await unit.acquire(lease);
    } catch (thrown) {
      // Replaced while the call waited: nothing was sent, so it waits for the new one.
      const heir = this.#units.get(server);
      if (heir === undefined || heir === unit) throw thrown;
      return await this.acquire(server, lease);
    }
  }

  retryDelayMs(server: string, attempt: number): number | undefined {
    return this.#units.get(server)?.retryDelayMs(attempt);
  }

  notifySession(sessionId: string, method: string, params: JsonObject): void {
    for (const unit of this.#units.values()) unit.notifySession(sessionId, method, params);
  }

  grantChanged(server: string, principalId: string | undefined, isGiven: boolean): void {
    this.#units.get(server)?.grantChanged(principalId, isGiven);
  }

  release(sessionId: string): void {
    for (const unit of this.#units.values()) unit.release(sessionId);
  }

  profile(server: string): ServerProfile | undefined {
    return this.#units.get(server)?.profile;
  }

  lists(server: string): ServerLists | undefined {
    return this.#units.get(server)?.lists;
  }

  state(server: string): ServerState | undefined {
    return this.#units.get(server)?.state();
  }

  states(): readonly ServerState[] {
    return [...this.#units.values()].map((unit) => unit.state());
  }

  async settled(timeoutMs: number): Promise<void> {
    const { clock } = this.#deps;
    await new Promise<void>((resolve) => {
      const cancelTimer = clock.after(timeoutMs, resolve);
      void Promise.all([...this.#units.values()].map((unit) => unit.settled())).then(() => {
        cancelTimer();
        resolve();
      });
    });
  }

  async restart(server: string): Promise<void> {
    await this.#get(server).restart();
  }

  async takeOut(server: string, forMs: number): Promise<void> {
    await this.#get(server).takeOut(forMs);
  }

  async resync(server: string): Promise<void> {
    await this.#get(server).resync();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const unit of this.#units.values()) this.#drain(unit, CLOSE_GRACE_MS);
    this.#units.clear();
    // Those that were draining in peace have no more time either.
    for (const unit of [...this.#drainingUnits]) this.#drain(unit, CLOSE_GRACE_MS);
    await Promise.all(this.#draining);
  }

  #get(server: string): ServerUnit {
    const unit = this.#units.get(server);
    if (unit === undefined) throw new Fault('upstream.unavailable', { server, reason: 'stopped' });
    return unit;
  }

  #start(spec: ServerSpec, former: ServerLists | undefined): void {
    const unit = new ServerUnit(spec, this.#budget, this.#deps, former);
    this.#units.set(spec.name, unit);
    unit.start();
  }

  #drain(unit: ServerUnit, timeoutMs: number): void {
    this.#drainingUnits.add(unit);
    const drained = unit.drain(timeoutMs).finally(() => {
      this.#draining.delete(drained);
      this.#drainingUnits.delete(unit);
    });
    this.#draining.add(drained);
  }
}
