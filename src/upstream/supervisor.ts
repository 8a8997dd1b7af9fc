/**
 * Keeps one connection to a server up. A connection that ends is opened again after 1, 2, 4, 8, 16 s; more than five
 * ends within a minute are FAILED, which is tried again after five minutes or by `restart`. One that stayed up for a
 * minute starts the count anew. Calls wait for a start, and over the short pause after a first end; a server that keeps
 * ending answers them at once with when it is tried again.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';

export interface Supervised {
  close(): Promise<void>;
}

export interface SupervisorDeps<Connection extends Supervised> {
  readonly server: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Opens a connection; `closed` tells that it ended by itself. */
  connect(closed: (fault: Fault) => void): Promise<Connection>;
  /** A waiting call gives up after so long. */
  readonly startTimeoutMs: () => number;
  changed(): void;
  /** A connection that needs a person to sign in is not tried again by itself. */
  readonly waitsForSignIn?: () => boolean;
}

/** `waiting`: nothing is wrong, but a person must sign in first; `start` goes on. */
export type SupervisorStatus = 'connecting' | 'up' | 'failed' | 'waiting' | 'stopped';

const DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 16_000];
const EXITS_MAX = 5;
const EXIT_WINDOW_MS = 60_000;
const FAILED_MS = 5 * 60_000;
/** A server that used up its start time without an answer is tried again sooner: it may be downloading itself. */
const SILENT_MS = 60_000;
/** Spread of the delays, so that servers that fell together do not rise together. */
const JITTER = 0.1;

export class Supervisor<Connection extends Supervised> {
  readonly #deps: SupervisorDeps<Connection>;
  #status: SupervisorStatus = 'connecting';
  #connection: Connection | undefined;
  #exitsMs: number[] = [];
  #waiting = new Set<{ resolve(connection: Connection): void; reject(fault: Fault): void }>();
  #cancelRetry: CancelTimer | undefined;
  /** When the next attempt begins, on the monotonic clock. */
  #retryAtMs = 0;
  #isOut = false;
  /** Of the attempt that counts; what an earlier one still says is ignored. */
  #attempt = 0;
  restarts = 0;
  lastFault: Fault | undefined;
  handshakeMs: number | undefined;

  constructor(deps: SupervisorDeps<Connection>) {
    this.#deps = deps;
  }

  get status(): SupervisorStatus {
    return this.#status;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Why nobody waits for a connection now; undefined where there is one, or one is being opened. */
  get refusal(): Fault | undefined {
    const isDown = this.#connection === undefined && (this.#status !== 'connecting' || this.#isBackingOff);
    return isDown ? this.#unavailable() : undefined;
  }

  start(): void {
    const attempt = ++this.#attempt;
    this.#stopRetry();
    // A failed server stays failed while it is tried again: calls must not wait for it.
    if (this.#status !== 'failed') this.#become('connecting');
    const startedMs = this.#deps.clock.monotonicMs();
    this.#deps
      .connect((fault) => this.#ended(attempt, fault))
      .then(
        (connection) => this.#opened(attempt, connection, startedMs),
        (thrown: unknown) => this.#ended(attempt, toFault(thrown)),
      );
  }

  /** The connection, once it is up. Rejects with `upstream.unavailable`: at once where it failed or keeps ending, else when the start takes too long. */
  whenUp(): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    const { refusal } = this;
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#deps.clock.after(this.#deps.startTimeoutMs(), () => {
        this.#waiting.delete(waiter);
        reject(this.#unavailable());
      });
      const waiter = {
        resolve: (connection: Connection): void => {
          cancelTimer();
          resolve(connection);
        },
        reject: (fault: Fault): void => {
          cancelTimer();
          reject(fault);
        },
      };
      this.#waiting.add(waiter);
    });
  }

  /** Ends what is there and starts anew with a clean record. Resolves when the new connection is up; rejects where it does not come up. */
  async restart(): Promise<void> {
    const former = this.#connection;
    this.#connection = undefined;
    this.#exitsMs = [];
    this.#attempt++;
    this.#stopRetry();
    this.#become('connecting');
    await former?.close();
    this.restarts++;
    this.start();
    await this.whenUp();
  }

  /** A drill: no connection for so long, as if the server had failed; then it is started by itself. What was there is the caller's to close. */
  takeOut(forMs: number): Connection | undefined {
    const former = this.#connection;
    this.#connection = undefined;
    this.#attempt++;
    this.#stopRetry();
    this.lastFault = new Fault('upstream.unavailable', { server: this.#deps.server, reason: 'drill', detail: 'taken out by a drill' });
    this.#retryAtMs = this.#deps.clock.monotonicMs() + forMs;
    this.#cancelRetry = this.#deps.clock.after(forMs, () => {
      this.#isOut = false;
      this.restarts++;
      this.start();
    });
    this.#isOut = true;
    this.#become('failed');
    this.#rejectAll();
    return former;
  }

  /** Taken out by a drill. */
  get isOut(): boolean {
    return this.#isOut;
  }

  /** No connection any more, and no new one. What was there is the caller's to close. */
  stop(): Connection | undefined {
    const former = this.#connection;
    this.#connection = undefined;
    this.#attempt++;
    this.#stopRetry();
    this.#become('stopped');
    this.#rejectAll();
    return former;
  }

  #opened(attempt: number, connection: Connection, startedMs: number): void {
    if (attempt !== this.#attempt) {
      void connection.close();
      return;
    }
    this.#connection = connection;
    this.handshakeMs = this.#deps.clock.monotonicMs() - startedMs;
    this.#become('up');
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.resolve(connection);
  }

  #ended(attempt: number, fault: Fault): void {
    if (attempt !== this.#attempt) return;
    this.#attempt++;
    this.#connection = undefined;
    this.lastFault = fault;
    if (fault.code === 'upstream.grant_needed' && this.#deps.waitsForSignIn?.() === true) {
      this.#become('waiting');
      this.#rejectAll();
      return;
    }
    const nowMs = this.#deps.clock.monotonicMs();
    this.#exitsMs = [...this.#exitsMs.filter((exitMs) => nowMs - exitMs <= EXIT_WINDOW_MS), nowMs];
    const isSilent = fault.code === 'upstream.timeout';
    const hasFailed = this.#status === 'failed' || isHopeless(fault) || isSilent || this.#exitsMs.length > EXITS_MAX;
    const delayMs = isSilent ? SILENT_MS : hasFailed ? FAILED_MS : (DELAYS_MS[this.#exitsMs.length - 1] ?? FAILED_MS) * (1 + JITTER * this.#deps.random());
    this.#retryAtMs = nowMs + delayMs;
    this.#cancelRetry = this.#deps.clock.after(delayMs, () => {
      this.restarts++;
      this.start();
    });
    this.#become(hasFailed ? 'failed' : 'connecting');
    if (hasFailed || this.#isBackingOff) this.#rejectAll();
  }

  /** It ended more than once lately, and waits before it is tried again. */
  get #isBackingOff(): boolean {
    return this.#cancelRetry !== undefined && this.#exitsMs.length > 1;
  }

  #stopRetry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#isOut = false;
  }

  #become(status: SupervisorStatus): void {
    if (status === this.#status && status !== 'connecting') return;
    this.#status = status;
    this.#deps.changed();
  }

  #rejectAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.reject(this.#unavailable());
  }

  #unavailable(): Fault {
    const { server } = this.#deps;
    if (this.#status === 'waiting' && this.lastFault !== undefined) return this.lastFault;
    const cause = this.lastFault === undefined ? {} : { detail: this.lastFault.detail ?? this.lastFault.message, cause: this.lastFault };
    if (this.#cancelRetry === undefined) return new Fault('upstream.unavailable', { server, reason: this.#status, ...cause });
    const state = this.#status === 'failed' ? 'failed' : 'backing_off';
    const retryAfterSeconds = Math.max(1, Math.ceil((this.#retryAtMs - this.#deps.clock.monotonicMs()) / 1_000));
    const message = `The MCP server ${state === 'failed' ? 'has failed' : 'keeps ending'}; it is tried again in ${retryAfterSeconds} s.`;
    return new Fault('upstream.unavailable', { server, reason: state, message, retryAfterSeconds, ...cause });
  }
}

/** Trying again would end the same way. */
function isHopeless({ code, reason }: Fault): boolean {
  return code === 'config.value_missing' || code === 'config.invalid' || reason === 'unsupported_protocol_version';
}
