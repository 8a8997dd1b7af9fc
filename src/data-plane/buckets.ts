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

/** One token of one bucket is wanted. */
export interface Wanted extends Rate {
  readonly key: string;
}

/** Which bucket had none, and when it will. */
export interface Shortage {
  readonly index: number;
  readonly waitMs: number;
}

/** Where tokens are kept: in memory, or shared by several gateways. */
export interface BucketStore {
  /** Takes a token of each bucket, or of none where one has none. A promise where the store is not in memory. */
  takeAll(wanted: readonly Wanted[]): Shortage | undefined | Promise<Shortage | undefined>;
}

export class Buckets {
  readonly #fullAtMs = new Map<string, number>();

  /** Takes one token. Returns 0 where there was one, else the milliseconds until there is. */
  take(key: string, rate: Rate, nowMs: number): number {
    const waitMs = this.#waitMs(key, rate, nowMs);
    if (waitMs === 0) this.#spend(key, rate, nowMs);
    return waitMs;
  }

  /** Takes one of each, or none. */
  takeAll(wanted: readonly Wanted[], nowMs: number): Shortage | undefined {
    for (const [index, one] of wanted.entries()) {
      const waitMs = this.#waitMs(one.key, one, nowMs);
      if (waitMs > 0) return { index, waitMs };
    }
    for (const one of wanted) this.#spend(one.key, one, nowMs);
    return undefined;
  }

  /** Tokens in the bucket now, whole or not. */
  left(key: string, rate: Rate, nowMs: number): number {
    return Math.max(0, rate.max - ((this.#fullAt(key, rate, nowMs) - nowMs) * rate.max) / (rate.seconds * 1000));
  }

  /** Fills every bucket whose key begins so. */
  refill(prefix: string): void {
    for (const key of this.#fullAtMs.keys()) if (key.startsWith(prefix)) this.#fullAtMs.delete(key);
  }

  /** Those that are not full. */
  keys(nowMs: number): string[] {
    return [...this.#fullAtMs].filter(([, fullAtMs]) => fullAtMs > nowMs).map(([key]) => key);
  }

  #waitMs(key: string, rate: Rate, nowMs: number): number {
    const waitMs = this.#fullAt(key, rate, nowMs) + (rate.seconds * 1000) / rate.max - nowMs - rate.seconds * 1000;
    // A rounding error of the division must not cost the last token.
    return waitMs > 1e-6 ? waitMs : 0;
  }

  /** No later than that of an empty bucket, whatever the clock did. */
  #fullAt(key: string, { seconds }: Rate, nowMs: number): number {
    return Math.min(Math.max(this.#fullAtMs.get(key) ?? nowMs, nowMs), nowMs + seconds * 1000);
  }

  #spend(key: string, rate: Rate, nowMs: number): void {
    const fullAtMs = this.#fullAt(key, rate, nowMs);
    if (this.#fullAtMs.size >= BUCKETS_MAX) this.#forgetFull(nowMs);
    this.#fullAtMs.set(key, fullAtMs + (rate.seconds * 1000) / rate.max);
  }

  #forgetFull(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    // All of them in use: somebody makes up identities. Starting afresh keeps memory bounded.
    if (this.#fullAtMs.size >= BUCKETS_MAX) this.#fullAtMs.clear();
  }
}
