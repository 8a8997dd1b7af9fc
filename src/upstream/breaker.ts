/**
 * Keeps calls away from a server that keeps failing them, so that nobody waits out its time limit for nothing. Five
 * failures in a row open it; after a rest one call goes through as a probe, whose end decides.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';

export interface BreakerDeps {
  readonly server: string;
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** A probe that never ended makes room for another after so long. */
  readonly callTimeoutMs: () => number;
  /** It opened or closed. */
  readonly changed: () => void;
}

export const FAILURES_MAX = 5;
/** Below ten seconds at the longest, so that a server that is well again is in use again within ten. */
const RESTS_MS = [2_000, 4_000, 8_000];
const JITTER = 0.1;

/** The server did not answer. */
const FAILURES: ReadonlySet<string> = new Set(['upstream.timeout', 'upstream.closed', 'upstream.unavailable']);
/** Statuses of a server that works and refuses. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['upstream_rate_limited', 'upstream_not_found']);
/** The server was heard, whatever it said. */
const ANSWERS: ReadonlySet<string> = new Set(['upstream.protocol_error', 'upstream.too_large', 'upstream.grant_needed']);

export class Breaker {
  readonly #deps: BreakerDeps;
  #failures = 0;
  /** A connection that ends fails all its calls with one fault: that is one failure. */
  #lastFault: Fault | undefined;
  /** How often it opened without a success in between. */
  #openings = 0;
  /** Monotonic; 0: closed. */
  #restsUntilMs = 0;
  #probeUntilMs = Number.NEGATIVE_INFINITY;

  constructor(deps: BreakerDeps) {
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#openings > 0;
  }

  /** Lets the call through, as the probe where it is open. Throws `upstream.unavailable` (`circuit_open`) otherwise. */
  admit(): void {
    if (!this.isOpen) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const waitMs = Math.max(this.#restsUntilMs, this.#probeUntilMs) - nowMs;
    if (waitMs > 0) {
      const retryAfterSeconds = Math.max(1, Math.ceil((nowMs < this.#restsUntilMs ? waitMs : 1_000) / 1_000));
      const message = `The MCP server did not answer its last calls; it is tried again in ${retryAfterSeconds} s.`;
      throw new Fault('upstream.unavailable', { server: this.#deps.server, reason: 'circuit_open', message, retryAfterSeconds, ...(this.#lastFault === undefined ? {} : { detail: this.#lastFault.detail ?? this.#lastFault.message }) });
    }
    this.#probeUntilMs = nowMs + this.#deps.callTimeoutMs();
  }

  /** A call ended: `fault` undefined where the server answered it. Ends that say nothing of the server leave a probe undecided. */
  settled(fault: Fault | undefined): void {
    if (fault === undefined || ANSWERS.has(fault.code) || REFUSALS.has(fault.reason)) {
      this.reset();
      return;
    }
    const isProbing = this.#isProbing;
    if (!FAILURES.has(fault.code)) {
      this.abandoned();
      return;
    }
    if (fault === this.#lastFault || (this.isOpen && !isProbing)) return;
    this.#lastFault = fault;
    this.#failures++;
    if (isProbing || this.#failures >= FAILURES_MAX) this.#open();
  }

  /** What was let through was never sent. */
  abandoned(): void {
    this.#probeUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** The server is another now, or answered. */
  reset(): void {
    this.#failures = 0;
    this.#lastFault = undefined;
    this.#probeUntilMs = Number.NEGATIVE_INFINITY;
    if (!this.isOpen) return;
    this.#openings = 0;
    this.#deps.changed();
  }

  get #isProbing(): boolean {
    return this.#probeUntilMs > this.#deps.clock.monotonicMs();
  }

  #open(): void {
    const restMs = RESTS_MS[Math.min(this.#openings, RESTS_MS.length - 1)] ?? 0;
    this.#openings++;
    this.#failures = 0;
    this.#probeUntilMs = Number.NEGATIVE_INFINITY;
    this.#restsUntilMs = this.#deps.clock.monotonicMs() + restMs * (1 + JITTER * this.#deps.random());
    this.#deps.changed();
  }
}
