/**
 * Results that gateways of one instance keep for each other, in Valkey or Redis. The store learns neither calls nor results: keys
 * are digests, values are sealed to their key, both with the instance key. It may lose everything at any time: what it does
 * not give at once is not there, and the server is asked.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import { Redis } from 'ioredis';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { RandomBytes } from '../base/ids.ts';
import { open, seal } from '../base/sealed.ts';
import type { SharedResult, SharedResults } from '../model/middleware.ts';

const PREFIX = 'metamcp:result:';
const KEY_BYTES = 32;
/** A call waits no longer for the store: a server that reads is often as fast. */
const COMMAND_TIMEOUT_MS = 100;
const CONNECT_TIMEOUT_MS = 2_000;
/** After a failure the store is left alone so long. */
const PAUSE_MS = 1_000;
/** Larger ones cost the store more than the server. */
const TEXT_CHARS_MAX = 256 * 1024;

const KeptSchema = z.object({ text: z.string(), untilMs: z.number() });

export interface SharedResultsDeps {
  /** redis:// or rediss:// */
  readonly url: string;
  /** 32 bytes, the same in all gateways; what is used are keys made of it. */
  readonly instanceKey: Uint8Array;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

export class RedisResults implements SharedResults {
  readonly #deps: SharedResultsDeps;
  readonly #redis: Redis;
  readonly #digesting: Uint8Array;
  readonly #sealing: Uint8Array;
  #downUntilMs = 0;

  constructor(deps: SharedResultsDeps) {
    this.#deps = deps;
    const derived = (purpose: string): Uint8Array => new Uint8Array(hkdfSync('sha256', deps.instanceKey, '', purpose, KEY_BYTES));
    this.#digesting = derived('metamcp shared results digest 1');
    this.#sealing = derived('metamcp shared results seal 1');
    this.#redis = new Redis(deps.url, {
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
    });
    // Without a listener it would write to the console; commands fail by themselves.
    this.#redis.on('error', () => undefined);
  }

  async find(key: string): Promise<SharedResult | undefined> {
    const { clock } = this.#deps;
    if (clock.monotonicMs() < this.#downUntilMs) return undefined;
    const record = this.#recordOf(key);
    try {
      const sealed = await this.#redis.get(PREFIX + record);
      if (sealed === null) return undefined;
      const { text, untilMs } = KeptSchema.parse(JSON.parse(open(sealed, { key: this.#sealing, record })));
      const leftMs = untilMs - clock.nowMs();
      return leftMs > 0 ? { text, leftMs } : undefined;
    } catch (thrown) {
      this.#failed(thrown);
      return undefined;
    }
  }

  #failed(thrown: unknown): void {
    // As in limit-store.ts.
    if (thrown instanceof Error && thrown.message === 'Command timed out') this.#redis.disconnect(true);
    this.#downUntilMs = this.#deps.clock.monotonicMs() + PAUSE_MS;
  }

  keep(key: string, { text, leftMs }: SharedResult): void {
    const { clock, random } = this.#deps;
    if (text.length > TEXT_CHARS_MAX || clock.monotonicMs() < this.#downUntilMs) return;
    const record = this.#recordOf(key);
    const sealed = seal(JSON.stringify({ text, untilMs: clock.nowMs() + leftMs }), { key: this.#sealing, record }, random);
    this.#redis.set(PREFIX + record, sealed, 'PX', Math.max(1, Math.floor(leftMs))).catch((thrown: unknown) => this.#failed(thrown));
  }

  close(): void {
    this.#redis.disconnect();
  }

  #recordOf(key: string): string {
    return createHmac('sha256', this.#digesting).update(key).digest('base64url');
  }
}
