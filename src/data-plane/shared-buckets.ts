/**
 * Token buckets that several gateways share, in Valkey or Redis: all buckets of a request in one script, by the clock of
 * the store. While the store is down each gateway keeps buckets of its own, with its share of every limit: neither
 * nothing nor everything is let through.
 */
import { Redis } from 'ioredis';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Buckets, type BucketStore, type Rate, type Shortage, type Wanted } from './buckets.ts';

const PREFIX = 'metamcp:limit:';
const GATEWAYS_KEY = 'metamcp:gateways';
/** A request waits no longer for the store. */
const COMMAND_TIMEOUT_MS = 200;
const CONNECT_TIMEOUT_MS = 2_000;
/** After a failure the store is left alone so long. */
const PAUSE_MS = 1_000;
const HEARTBEAT_MS = 5_000;
/** A gateway that was not heard of for so long does not count. */
const GONE_MS = 20_000;

/** As in buckets.ts: the value of a key is when its bucket would be full, in milliseconds of the store's clock. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local full = {}
for i = 1, #KEYS do
  local max, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local at = tonumber(redis.call('GET', KEYS[i]) or '0')
  at = math.min(math.max(at, now), now + window)
  local wait = at + window / max - now - window
  if wait > 0.01 then return {i, string.format('%.3f', wait)} end
  full[i] = at + window / max
end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], string.format('%.3f', full[i]), 'PX', math.ceil(full[i] - now) + 1000)
end
return {0, '0'}`;

/** ioredis adds the commands that it is given scripts for. */
interface WithTake {
  takeTokens(keyCount: number, ...keysAndArguments: readonly (string | number)[]): Promise<readonly [number, string]>;
}

export interface SharedBucketsDeps {
  /** redis:// or rediss:// */
  readonly url: string;
  readonly clock: Clock;
  /** Of this process. */
  readonly gatewayId: string;
  /** Told when the store goes away and when it comes back. */
  readonly report: (isDown: boolean, detail: string) => void;
}

export class SharedBuckets implements BucketStore {
  readonly #deps: SharedBucketsDeps;
  readonly #redis: Redis & WithTake;
  readonly #local = new Buckets();
  /** Keys that were asked for lately, for whoever shows what is used. */
  readonly #seen = new Set<string>();
  #downUntilMs = 0;
  #isDown = false;
  #gateways = 1;
  #stopHeartbeat: CancelTimer = () => undefined;

  constructor(deps: SharedBucketsDeps) {
    this.#deps = deps;
    this.#redis = new Redis(deps.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
      scripts: { takeTokens: { lua: TAKE } },
    }) as Redis & WithTake;
    // Without a listener it would write to the console; commands fail by themselves.
    this.#redis.on('error', () => undefined);
  }

  /** Resolves once it is connected, or has failed to. */
  async start(): Promise<void> {
    await this.#redis.connect().catch((thrown: unknown) => this.#failed(thrown));
    await this.#beat();
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  takeAll(wanted: readonly Wanted[]): Shortage | undefined | Promise<Shortage | undefined> {
    const { clock } = this.#deps;
    for (const { key } of wanted) this.#remember(key);
    if (this.#isDown && clock.monotonicMs() < this.#downUntilMs) return this.#takeLocal(wanted);
    const given = wanted.flatMap(({ max, seconds }) => [max, seconds * 1000]);
    return this.#redis.takeTokens(wanted.length, ...wanted.map(({ key }) => PREFIX + key), ...given).then(
      ([index, wait]) => {
        this.#worked();
        return index === 0 ? undefined : { index: index - 1, waitMs: Number(wait) };
      },
      (thrown: unknown) => {
        this.#failed(thrown);
        return this.#takeLocal(wanted);
      },
    );
  }

  /** Tokens in the bucket now. */
  async left(key: string, rate: Rate): Promise<number> {
    try {
      const [seconds, micros] = await this.#redis.time();
      const nowMs = Number(seconds) * 1000 + Number(micros) / 1000;
      const fullAtMs = Math.max(Number((await this.#redis.get(PREFIX + key)) ?? 0), nowMs);
      return Math.max(0, rate.max - ((fullAtMs - nowMs) * rate.max) / (rate.seconds * 1000));
    } catch (thrown) {
      this.#failed(thrown);
      return this.#local.left(key, rate, this.#deps.clock.monotonicMs());
    }
  }

  /** Fills those that this gateway knows of whose key begins so. */
  async refill(prefix: string): Promise<void> {
    this.#local.refill(prefix);
    const keys = [...this.#seen].filter((key) => key.startsWith(prefix));
    for (const key of keys) this.#seen.delete(key);
    if (keys.length > 0) await this.#redis.del(...keys.map((key) => PREFIX + key)).catch((thrown: unknown) => this.#failed(thrown));
  }

  keys(): string[] {
    return [...this.#seen];
  }

  async close(): Promise<void> {
    this.#stopHeartbeat();
    await this.#redis.zrem(GATEWAYS_KEY, this.#deps.gatewayId).catch(() => undefined);
    this.#redis.disconnect();
  }

  #takeLocal(wanted: readonly Wanted[]): Shortage | undefined {
    const share = wanted.map(({ key, max, seconds }) => toShare({ key, max, seconds }, this.#gateways));
    return this.#local.takeAll(share, this.#deps.clock.monotonicMs());
  }

  #remember(key: string): void {
    if (this.#seen.size >= SEEN_MAX && !this.#seen.has(key)) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    this.#seen.add(key);
  }

  /** How many gateways share the store, so that each knows its share when that is gone. */
  async #beat(): Promise<void> {
    const { clock, gatewayId } = this.#deps;
    this.#stopHeartbeat = clock.after(HEARTBEAT_MS, () => void this.#beat());
    try {
      const nowMs = clock.nowMs();
      await this.#redis.zadd(GATEWAYS_KEY, nowMs, gatewayId);
      await this.#redis.zremrangebyscore(GATEWAYS_KEY, '-inf', nowMs - GONE_MS);
      this.#gateways = Math.max(1, await this.#redis.zcard(GATEWAYS_KEY));
      this.#worked();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #worked(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#deps.report(false, 'the shared store answers again');
  }

  #failed(thrown: unknown): void {
    // A connection that somebody cut without a word never works again, and nothing else would end it for hours.
    if (thrown instanceof Error && thrown.message === 'Command timed out') this.#redis.disconnect(true);
    this.#downUntilMs = this.#deps.clock.monotonicMs() + PAUSE_MS;
    if (this.#isDown) return;
    this.#isDown = true;
    this.#deps.report(true, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

const SEEN_MAX = 10_000;

/** A part of the limit, but never less than one call in the time of one. */
function toShare({ key, max, seconds }: Wanted, gateways: number): Wanted {
  const share = Math.max(1, Math.floor(max / gateways));
  return { key, max: share, seconds: (seconds * share * gateways) / max };
}
