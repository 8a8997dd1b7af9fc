/**
 * Connections to one origin, kept for the next request. A general HTTP client costs more per call than all the rest of
 * the message path together, so this one does what links need and nothing else: HTTP/1.1, one request at a time on a
 * connection, no redirects, no retries, no decompression.
 */
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { EndOfTurn } from '../../base/end-of-turn.ts';
import type { DialTarget } from './dialer.ts';
import { TimedHandler } from './timed-handler.ts';
import { type ConnectionOwner, WireConnection } from './wire-connection.ts';
import { WireError, type WireHandler, type WireRequest } from './wire-request.ts';

export interface WirePoolOptions {
  readonly target: DialTarget;
  readonly clock: Clock;
  readonly connectionsMax: number;
  readonly headBytesMax: number;
}

/** A connection that was idle longer is not used again, and closed. */
const IDLE_MS_MAX = 4_000;
/** How much earlier than the server says: its clock started when it sent, ours when we read. */
const IDLE_MARGIN_MS = 1_000;

/** Connections in use from which on the requests of one turn leave together. */
const GATHERING_FROM = 4;

interface Waiting {
  readonly request: WireRequest;
  readonly handler: WireHandler;
}

export class WirePool implements ConnectionOwner {
  readonly host: string;
  readonly headBytesMax: number;
  readonly #options: WirePoolOptions;
  readonly #open = new Set<WireConnection>();
  /** The one used last is used first, so that a few carry little traffic and the others may end. */
  readonly #idle: WireConnection[] = [];
  #queue: Waiting[] = [];
  /** Requests of this turn of the event loop. */
  readonly #ready = new EndOfTurn<Waiting>((ready) => {
    for (const waiting of ready) this.#start(waiting);
  });
  #connecting = 0;
  #stopSweep: CancelTimer | undefined;
  #destroyed: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(options: WirePoolOptions) {
    this.#options = options;
    this.host = options.target.url.host;
    this.headBytesMax = options.headBytesMax;
  }

  /** Sends the request as soon as a connection is free. Whatever goes wrong is told to the handler. */
  dispatch(request: WireRequest, handler: WireHandler): void {
    if (this.#destroyed !== undefined) {
      handler.onResponseError(undefined, new WireError('cut_off', 'the link is closed'));
      return;
    }
    const timed = request.timeoutMs === undefined ? handler : new TimedHandler(handler, request.timeoutMs, this.#options.clock);
    if (this.#open.size - this.#idle.length < GATHERING_FROM) this.#start({ request, handler: timed });
    else this.#ready.add({ request, handler: timed });
  }

  /** Breaks what is under way; resolves when every connection is closed. */
  destroy(): Promise<void> {
    if (this.#destroyed === undefined) {
      this.#destroyed = Promise.withResolvers<void>();
      this.#stopSweep?.();
      const gone = new WireError('cut_off', 'the link is closed');
      this.#failQueue(gone);
      for (const connection of [...this.#open]) connection.destroy(gone);
      this.#settleDestroyed();
    }
    return this.#destroyed.promise;
  }

  freed(connection: WireConnection, idleMsMax: number | undefined): void {
    const next = this.#queue.shift();
    if (next !== undefined) {
      connection.run(next.request, next.handler);
      return;
    }
    const idleMs = Math.min(IDLE_MS_MAX, idleMsMax === undefined ? IDLE_MS_MAX : idleMsMax - IDLE_MARGIN_MS);
    if (idleMs <= 0) {
      connection.destroy(new WireError('cut_off', 'kept too short to be used again'));
      return;
    }
    connection.expiresAtMs = this.#options.clock.monotonicMs() + idleMs;
    this.#idle.push(connection);
    this.#stopSweep ??= this.#options.clock.after(IDLE_MS_MAX, () => this.#sweep());
  }

  closed(connection: WireConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#destroyed === undefined) this.#connectMore();
    else this.#settleDestroyed();
  }

  #start(waiting: Waiting): void {
    const connection = this.#takeIdle();
    if (connection !== undefined) {
      connection.run(waiting.request, waiting.handler);
      return;
    }
    this.#queue.push(waiting);
    if (this.#destroyed === undefined) this.#connectMore();
    else this.#failQueue(new WireError('cut_off', 'the link is closed'));
  }

  #takeIdle(): WireConnection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isUsable && connection.expiresAtMs > this.#options.clock.monotonicMs()) return connection;
      connection.destroy(new WireError('cut_off', 'idle too long'));
    }
    return undefined;
  }

  #sweep(): void {
    this.#stopSweep = undefined;
    const nowMs = this.#options.clock.monotonicMs();
    for (const connection of this.#idle.filter(({ expiresAtMs }) => expiresAtMs <= nowMs)) connection.destroy(new WireError('cut_off', 'idle too long'));
    if (this.#idle.length > 0) this.#stopSweep = this.#options.clock.after(IDLE_MS_MAX, () => this.#sweep());
  }

  #connectMore(): void {
    while (this.#connecting < this.#queue.length && this.#open.size + this.#connecting < this.#options.connectionsMax) this.#connect();
  }

  #connect(): void {
    this.#connecting++;
    let connection: WireConnection | undefined;
    this.#options.target
      .open((chunk) => connection?.read(chunk))
      .then(
        (socket) => {
          this.#connecting--;
          connection = new WireConnection(socket, this);
          this.#open.add(connection);
          if (this.#destroyed === undefined) this.freed(connection, undefined);
          else connection.destroy(new WireError('cut_off', 'the link is closed'));
        },
        (thrown: unknown) => {
          this.#connecting--;
          this.#connectFailed(thrown instanceof Error ? thrown : new Error(String(thrown)));
        },
      );
  }

  /** Connections that are there serve those who wait. Without one, each failure is somebody's, and the last is everybody's. */
  #connectFailed(error: Error): void {
    if (this.#destroyed !== undefined) this.#settleDestroyed();
    else if (this.#open.size > 0) return;
    else if (this.#connecting === 0) this.#failQueue(error);
    else this.#queue.shift()?.handler.onResponseError(undefined, error);
  }

  #failQueue(error: Error): void {
    const waiting = this.#queue;
    this.#queue = [];
    for (const { handler } of waiting) handler.onResponseError(undefined, error);
  }

  #settleDestroyed(): void {
    if (this.#open.size === 0 && this.#connecting === 0) this.#destroyed?.resolve();
  }
}
