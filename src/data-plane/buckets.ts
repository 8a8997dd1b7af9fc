/**
 * Token buckets that refill evenly, as the generic cell rate algorithm (ITU-T I.371): one number per bucket, the time
 * at which it would be full again.
 */

/** Buckets that are full again are forgotten when there are so many. */
const BUCKETS_MAX = 50_000;

export interface Rate {
  readonly max: number;
  readonly seconds: number;
}

export class Buckets {
  readonly #fullAtMs = new Map<string, number>();

  /** Takes one token. Returns 0 where there was one, else the milliseconds until there is. */
  take(key: string, rate: Rate, nowMs: number): number {
    const intervalMs = (rate.seconds * 1000) / rate.max;
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? nowMs, nowMs);
    const waitMs = fullAtMs + intervalMs - nowMs - rate.seconds * 1000;
    // A rounding error of the division must not cost the last token.
    if (waitMs > 1e-6) return waitMs;
    if (this.#fullAtMs.size >= BUCKETS_MAX) this.#forgetFull(nowMs);
    this.#fullAtMs.set(key, fullAtMs + intervalMs);
    return 0;
  }

  #forgetFull(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    // All of them in use: somebody makes up identities. Starting afresh keeps memory bounded.
    if (this.#fullAtMs.size >= BUCKETS_MAX) this.#fullAtMs.clear();
  }
}
