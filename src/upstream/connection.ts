/** One connection of the pool: a peer, whose it is, and when it was last used. */
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { connectUpstream, type Verdicts } from './detect.ts';
import type { OpenLink } from './link.ts';
import type { Peer } from './peer.ts';
import { METHOD_NOT_FOUND } from './server-asks.ts';
import type { ListKind, UpstreamEvents } from './upstream.ts';
import type { ConnectionOwner, UpstreamsEvents } from './upstreams.ts';

export interface ConnectionDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** `clientInfo` of the gateway: `{name, version}`. */
  readonly gatewayInfo: JsonObject;
  /** `principalId`: for whom alone the connection is; undefined where it is shared. */
  readonly openLink: (spec: ServerSpec, principalId?: string) => OpenLink;
  readonly verdicts: Verdicts;
  readonly events: UpstreamsEvents;
  readonly onDropped: (server: string, reason: string, detail: string) => void;
  /** The server asked something without saying because of which call. */
  readonly onAsked?: () => void;
  /** A client's call ended; `fault` undefined where the server answered. */
  readonly onSettled?: (fault: Fault | undefined) => void;
}

/** What a connection tells the server that its clients can do. */
export interface Declared {
  readonly isInteractive: boolean;
  readonly declares?: JsonObject | undefined;
}

export interface ConnectionEvents {
  closed(fault: Fault): void;
  listChanged(kind: ListKind): void;
  /** The last call under way has ended. */
  idle?(): void;
}

/** How often a connection that is to be closed is looked at for calls in flight. */
const DRAIN_POLL_MS = 100;

export class Connection {
  readonly declared: Declared;
  principalId: string | undefined;
  sessionId: string | undefined;
  lastUsedMs = 0;
  /** Given to somebody whose call is not under way yet. */
  isReserved = false;
  isClosed = false;
  #peer: Peer | undefined;
  readonly #server: string;

  private constructor(server: string, declared: Declared) {
    this.#server = server;
    this.declared = declared;
  }

  /** Connects within `spec.startTimeoutMs` and half of it more for the link. Rejects with a Fault. */
  static async open(spec: ServerSpec, declared: Declared, deps: ConnectionDeps, events: ConnectionEvents): Promise<Connection> {
    const connection = new Connection(spec.name, declared);
    const connecting = connectUpstream(deps.openLink(spec), spec, {
      clock: deps.clock,
      random: deps.random,
      gatewayInfo: deps.gatewayInfo,
      verdicts: deps.verdicts,
      ...declared,
      ownership: () => (connection.sessionId !== undefined ? 'session' : connection.principalId !== undefined ? 'principal' : 'nobody'),
      ...(deps.onAsked === undefined ? {} : { onAsked: deps.onAsked }),
      ...(deps.onSettled === undefined ? {} : { onSettled: deps.onSettled }),
      onDropped: (reason, detail) => deps.onDropped(spec.name, reason, detail),
      events: connection.#relay(deps.events, events),
    });
    connection.#peer = await within(spec, deps.clock, connecting);
    connection.lastUsedMs = deps.clock.monotonicMs();
    // It may have ended between its handshake and now, which `closed` told before anybody knew it.
    if (connection.isClosed) throw new Fault('upstream.closed', { server: spec.name, effect: 'not_executed', detail: 'ended right after the handshake' });
    return connection;
  }

  get peer(): Peer {
    if (this.#peer === undefined) throw new Fault('gateway.bug', { detail: 'not connected' });
    return this.#peer;
  }

  get isIdle(): boolean {
    return this.peer.inFlight === 0 && !this.isReserved;
  }

  close(): Promise<void> {
    return this.peer.close();
  }

  /** Closes when the calls in flight have ended, after `timeoutMs` at the latest. */
  async drain(clock: Clock, timeoutMs: number): Promise<void> {
    const endMs = clock.monotonicMs() + timeoutMs;
    while (this.peer.inFlight > 0 && !this.isClosed && clock.monotonicMs() < endMs) await sleep(clock, DRAIN_POLL_MS);
    await this.close();
  }

  #owner(): ConnectionOwner | undefined {
    return this.#peer && { server: this.#server, upstream: this.#peer, principalId: this.principalId, sessionId: this.sessionId };
  }

  /** What comes during the handshake belongs to nobody and is dropped; questions are refused. */
  #relay(pool: UpstreamsEvents, events: ConnectionEvents): UpstreamEvents {
    const tell = (run: (owner: ConnectionOwner) => void): void => {
      const owner = this.#owner();
      if (owner !== undefined) run(owner);
    };
    return {
      listChanged: (kind) => {
        events.listChanged(kind);
        tell((owner) => owner.principalId !== undefined && pool.notified(owner, `notifications/${kind}/list_changed`, {}));
      },
      resourceUpdated: (params) => tell((owner) => pool.resourceUpdated(owner, params)),
      log: (params) => tell((owner) => pool.notified(owner, 'notifications/message', params)),
      notify: (method, params) => tell((owner) => pool.notified(owner, method, params)),
      ask: (request) => {
        const owner = this.#owner();
        if (owner === undefined || !pool.asked(owner, request)) request.refuse(METHOD_NOT_FOUND);
      },
      idle: () => events.idle?.(),
      closed: (fault) => {
        this.isClosed = true;
        events.closed(fault);
      },
    };
  }
}

/** The peers have deadlines for their handshakes; this one is for links that never open. */
function within(spec: ServerSpec, clock: Clock, connecting: Promise<Peer>): Promise<Peer> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const cancelTimer = clock.after(spec.startTimeoutMs * 1.5, () => {
      isLate = true;
      reject(new Fault('upstream.timeout', { server: spec.name, effect: 'not_executed', detail: 'no connection in time' }));
    });
    connecting.then(
      (peer) => {
        cancelTimer();
        if (isLate) void peer.close();
        resolve(peer);
      },
      (thrown: unknown) => {
        cancelTimer();
        reject(thrown);
      },
    );
  });
}
