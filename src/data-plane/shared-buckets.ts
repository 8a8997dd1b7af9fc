/**
 * Token buckets that several gateways share: all buckets of a request in one script, by the clock of the store. While the
 * store is down each gateway keeps buckets of its own, with its share of every limit: neither nothing nor everything is
 * let through.
 */
import { Buckets, type BucketStore, type Rate, type Shortage, type Wanted } from './buckets.ts';
import type { LimitStore } from './limit-store.ts';

const PREFIX = 'metamcp:limit:';
const SEEN_MAX = 10_000;

export class SharedBuckets implements BucketStore {
  readonly #store: LimitStore;
  readonly #local = new Buckets();
  /** Keys that were asked for lately, for whoever shows what is used. */
  readonly #seen = new Set<string>();

  constructor(store: LimitStore) {
    this.#store = store;
  }

  takeAll(wanted: readonly Wanted[]): Shortage | undefined | Promise<Shortage | undefined> {
    for (const { key } of wanted) this.#remember(key);
    if (this.#store.isPaused) return this.#takeLocal(wanted);
    const given = wanted.flatMap(({ max, seconds }) => [max, seconds * 1000]);
    return this.#store.redis.takeTokens(wanted.length, ...wanted.map(({ key }) => PREFIX + key), ...given).then(
      ([index, wait]) => {
        this.#store.worked();
        return index === 0 ? undefined : { index: index - 1, waitMs: Number(wait) };
      },
      (thrown: unknown) => {
        this.#store.failed(thrown);
        return this.#takeLocal(wanted);
      },
    );
  }

  /** Tokens in the bucket now. */
  async left(key: string, rate: Rate): Promise<number> {
    const { redis, clock } = this.#store;
    try {
      const [seconds, micros] = await redis.time();
      const nowMs = Number(seconds) * 1000 + Number(micros) / 1000;
      const fullAtMs = Math.max(Number((await redis.get(PREFIX + key)) ?? 0), nowMs);
      return Math.max(0, rate.max - ((fullAtMs - nowMs) * rate.max) / (rate.seconds * 1000));
    } catch (thrown) {
      this.#store.failed(thrown);
      return this.#local.left(key, rate, clock.monotonicMs());
    }
  }

  /** Fills those that this gateway knows of whose key begins so. */
  async refill(prefix: string): Promise<void> {
    this.#local.refill(prefix);
    const keys = [...this.#seen].filter((key) => key.startsWith(prefix));
    for (const key of keys) this.#seen.delete(key);
    if (keys.length > 0) await this.#store.redis.del(...keys.map((key) => PREFIX + key)).catch((thrown: unknown) => this.#store.failed(thrown));
  }

  keys(): string[] {
    return [...this.#seen];
  }

  #takeLocal(wanted: readonly Wanted[]): Shortage | undefined {
    const share = wanted.map(({ key, max, seconds }) => toShare({ key, max, seconds }, this.#store.gateways));
    return this.#local.takeAll(share, this.#store.clock.monotonicMs());
  }

  #remember(key: string): void {
    if (this.#seen.size >= SEEN_MAX && !this.#seen.has(key)) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    this.#seen.add(key);
  }
}

/** A part of the limit, but never less than one call in the time of one. */
function toShare({ key, max, seconds }: Wanted, gateways: number): Wanted {
  const share = Math.max(1, Math.floor(max / gateways));
  return { key, max: share, seconds: (seconds * share * gateways) / max };
}
