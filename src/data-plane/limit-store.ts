/**
 * The Valkey or Redis in which several gateways keep what their limits count. While it is down, each knows how many they
 * are, and so what its share of a limit is.
 */
import { Redis } from 'ioredis';
import type { CancelTimer, Clock } from '../base/clock.ts';

const GATEWAYS_KEY = 'metamcp:gateways';
/** A request waits no longer for the store. */
const COMMAND_TIMEOUT_MS = 200;
const CONNECT_TIMEOUT_MS = 2_000;
/** After a failure the store is left alone so long. */
const PAUSE_MS = 1_000;
const HEARTBEAT_MS = 5_000;
/** A gateway that was not heard of for so long does not count. */
export const GONE_MS = 20_000;

/** As in buckets.ts: the value of a key is when its bucket would be full, in milliseconds of the store's clock. */
const TAKE_TOKENS = `
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

/** A set of those whose turn it is, each until when it counts without being renewed. 1 where there was room. */
const TAKE_TURN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

/** Turns that the store forgot are there again. */
const KEEP_TURNS = `
local time = redis.call('TIME')
local untilMs = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], untilMs, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])`;

/** ioredis adds the commands that it is given scripts for. */
interface LimitCommands {
  takeTokens(keyCount: number, ...keysAndArguments: readonly (string | number)[]): Promise<readonly [number, string]>;
  takeTurn(key: string, turn: string, max: number, validMs: number): Promise<0 | 1>;
  keepTurns(key: string, validMs: number, ...turns: readonly string[]): Promise<void>;
}

export interface LimitStoreDeps {
  /** redis:// or rediss:// */
  readonly url: string;
  readonly clock: Clock;
  /** Of this process. */
  readonly gatewayId: string;
  /** Told when the store goes away and when it comes back. */
  readonly report: (isDown: boolean, detail: string) => void;
}

export class LimitStore {
  readonly redis: Redis & LimitCommands;
  readonly clock: Clock;
  readonly gatewayId: string;
  readonly #report: LimitStoreDeps['report'];
  readonly #beating: (() => Promise<void>)[] = [];
  #downUntilMs = 0;
  #isDown = false;
  #gateways = 1;
  #stopHeartbeat: CancelTimer = () => undefined;

  constructor({ url, clock, gatewayId, report }: LimitStoreDeps) {
    this.clock = clock;
    this.gatewayId = gatewayId;
    this.#report = report;
    this.redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
      scripts: { takeTokens: { lua: TAKE_TOKENS }, takeTurn: { lua: TAKE_TURN, numberOfKeys: 1 }, keepTurns: { lua: KEEP_TURNS, numberOfKeys: 1 } },
    }) as Redis & LimitCommands;
    // Without a listener it would write to the console; commands fail by themselves.
    this.redis.on('error', () => undefined);
  }

  /** Resolves once it is connected, or has failed to. */
  async start(): Promise<void> {
    await this.redis.connect().catch((thrown: unknown) => this.failed(thrown));
    await this.#beat();
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** It failed a moment ago: what it would be asked is decided here. */
  get isPaused(): boolean {
    return this.#isDown && this.clock.monotonicMs() < this.#downUntilMs;
  }

  /** How many share the store, as was known last. */
  get gateways(): number {
    return this.#gateways;
  }

  /** `work` is done every few seconds. */
  onBeat(work: () => Promise<void>): void {
    this.#beating.push(work);
  }

  /** A command was answered. */
  worked(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#report(false, 'the shared store answers again');
  }

  /** A command was not. */
  failed(thrown: unknown): void {
    // A connection that somebody cut without a word never works again, and nothing else would end it for hours.
    if (thrown instanceof Error && thrown.message === 'Command timed out') this.redis.disconnect(true);
    this.#downUntilMs = this.clock.monotonicMs() + PAUSE_MS;
    if (this.#isDown) return;
    this.#isDown = true;
    this.#report(true, thrown instanceof Error ? thrown.message : String(thrown));
  }

  async close(): Promise<void> {
    this.#stopHeartbeat();
    await this.redis.zrem(GATEWAYS_KEY, this.gatewayId).catch(() => undefined);
    this.redis.disconnect();
  }

  async #beat(): Promise<void> {
    this.#stopHeartbeat = this.clock.after(HEARTBEAT_MS, () => void this.#beat());
    try {
      const nowMs = this.clock.nowMs();
      await this.redis.zadd(GATEWAYS_KEY, nowMs, this.gatewayId);
      await this.redis.zremrangebyscore(GATEWAYS_KEY, '-inf', nowMs - GONE_MS);
      this.#gateways = Math.max(1, await this.redis.zcard(GATEWAYS_KEY));
      for (const work of this.#beating) await work();
      this.worked();
    } catch (thrown) {
      this.failed(thrown);
    }
  }
}
