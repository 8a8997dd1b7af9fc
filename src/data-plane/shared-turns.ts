/**
 * Turns that several gateways share: so many calls at a time at all of them together. Who is first is kept among the
 * calls of one gateway; what has its turn here asks the store again and again until there is room there too.
 *
 * A turn is leased, so that those of a gateway that died come back. While the store is down each gateway gives its share.
 */
import { sleep } from '../base/clock.ts';
import type { LimitStore } from './limit-store.ts';
import { type NoTurn, type TurnRule, Turns, type TurnStore, type TurnTaker } from './turns.ts';

const PREFIX = 'metamcp:turns:';
/** Between two questions to the store, growing from call to call. */
const PAUSE_MS_MIN = 10;
const PAUSE_MS_MAX = 100;

export interface SharedTurnsDeps {
  readonly store: LimitStore;
  /** A turn counts so long without being renewed, which it is at every beat of the store. */
  readonly leaseMs: number;
}

export class SharedTurns implements TurnStore {
  readonly #store: LimitStore;
  readonly #leaseMs: number;
  readonly #local: Turns;
  /** Leases of this gateway, by key. */
  readonly #held = new Map<string, string[]>();
  /** Calls that have their turn here and ask the store, by key. */
  readonly #asking = new Map<string, number>();
  #count = 0;

  constructor({ store, leaseMs }: SharedTurnsDeps) {
    this.#store = store;
    this.#leaseMs = leaseMs;
    this.#local = new Turns(store.clock);
    store.onBeat(() => this.#renew());
  }

  async take(key: string, rule: TurnRule, taker: TurnTaker): Promise<NoTurn | undefined> {
    const untilMs = this.#store.clock.monotonicMs() + rule.waitMs;
    const noTurn = (await this.#local.take(key, rule, taker)) ?? (await this.#lease(key, rule, { ...taker, untilMs }));
    return noTurn;
  }

  release(key: string): void {
    const leases = this.#held.get(key);
    const lease = leases?.pop();
    if (leases?.length === 0) this.#held.delete(key);
    this.#local.release(key);
    // One that the store does not hear of is over with its lease.
    if (lease !== undefined && !this.#store.isPaused) this.#store.redis.zrem(PREFIX + key, lease).catch((thrown: unknown) => this.#store.failed(thrown));
  }

  /** Of this gateway's calls. */
  state(key: string): { readonly running: number; readonly waiting: number } {
    const { running, waiting } = this.#local.state(key);
    const asking = this.#asking.get(key) ?? 0;
    return { running: running - asking, waiting: waiting + asking };
  }

  keys(): string[] {
    return this.#local.keys();
  }

  /** The turn here is given back where there is none at the store. */
  async #lease(key: string, rule: TurnRule, taker: TurnTaker & { readonly untilMs: number }): Promise<NoTurn | undefined> {
    if (await this.#acquire(key, rule.max)) return undefined;
    const asking = this.#asking.get(key) ?? 0;
    this.#asking.set(key, asking + 1);
    const noTurn = asking >= rule.queueMax ? 'queue_full' : await this.#askUntil(key, rule.max, taker);
    const left = (this.#asking.get(key) ?? 1) - 1;
    if (left === 0) this.#asking.delete(key);
    else this.#asking.set(key, left);
    if (noTurn !== undefined) this.#local.release(key);
    return noTurn;
  }

  async #askUntil(key: string, max: number, { untilMs, cancelled }: TurnTaker & { readonly untilMs: number }): Promise<NoTurn | undefined> {
    const { clock } = this.#store;
    const leaving = cancelled().then((): NoTurn => 'cancelled');
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) return 'waited_too_long';
      if ((await Promise.race([sleep(clock, Math.min(pauseMs, leftMs)), leaving])) === 'cancelled') return 'cancelled';
      if (await this.#acquire(key, max)) return undefined;
    }
  }

  async #acquire(key: string, max: number): Promise<boolean> {
    const lease = `${this.#store.gatewayId}:${++this.#count}`;
    if (!this.#store.isPaused) {
      try {
        const isThere = (await this.#store.redis.takeTurn(PREFIX + key, lease, max, this.#leaseMs)) === 1;
        this.#store.worked();
        if (isThere) this.#hold(key, lease);
        return isThere;
      } catch (thrown) {
        this.#store.failed(thrown);
      }
    }
    if ((this.#held.get(key)?.length ?? 0) >= Math.max(1, Math.floor(max / this.#store.gateways))) return false;
    this.#hold(key, lease);
    return true;
  }

  #hold(key: string, lease: string): void {
    const leases = this.#held.get(key);
    if (leases === undefined) this.#held.set(key, [lease]);
    else leases.push(lease);
  }

  async #renew(): Promise<void> {
    for (const [key, leases] of [...this.#held]) await this.#store.redis.keepTurns(PREFIX + key, this.#leaseMs, ...leases);
  }
}
