/**
 * Budgets: how much of something was used in this day or month. Counted in memory, so that asking costs nothing, and
 * written down every few seconds as differences, so that several gateways and a restart go on from the same sum.
 */
import type { BudgetLimit, BudgetPeriod } from '../model/limit.ts';

/** Counters that are kept in memory; periods that are over go first. */
const COUNTERS_MAX = 100_000;
/** Clocks know no leap seconds, so days in UTC are all as long. */
const DAY_MS = 86_400_000;

export interface BudgetUse {
  /** `{id of the limit}\n{what it counts}`. */
  readonly key: string;
  /** Wall clock, milliseconds: when the period began. */
  readonly periodMs: number;
  readonly amount: number;
}

/** Where sums outlive the process. */
export interface BudgetStore {
  /** Sums of these and later periods. */
  load(sinceMs: number): Promise<readonly BudgetUse[]>;
  /** Adds each amount; resolves with the sums as they are then. */
  add(uses: readonly BudgetUse[]): Promise<readonly BudgetUse[]>;
  /** Forgets the sums of counters whose key begins so. */
  remove(prefix: string): Promise<void>;
}

interface Counter {
  periodMs: number;
  /** All that is known to be used, also by others. */
  used: number;
  /** Of it, not written down yet. */
  unwritten: number;
}

export class Budgets {
  readonly #counters = new Map<string, Counter>();
  readonly #store: BudgetStore;

  constructor(store: BudgetStore) {
    this.#store = store;
  }

  /** What was kept of the periods that are running. */
  async load(nowMs: number): Promise<void> {
    for (const { key, periodMs, amount } of await this.#store.load(periodStart('month', nowMs))) this.#counters.set(key, { periodMs, used: amount, unwritten: 0 });
  }

  used(key: string, { per }: Pick<BudgetLimit, 'per'>, nowMs: number): number {
    const counter = this.#counters.get(key);
    return counter === undefined || counter.periodMs < periodStart(per, nowMs) ? 0 : counter.used;
  }

  add(key: string, { per }: Pick<BudgetLimit, 'per'>, use: { readonly amount: number; readonly nowMs: number }): void {
    const periodMs = periodStart(per, use.nowMs);
    let counter = this.#counters.get(key);
    if (counter === undefined || counter.periodMs < periodMs) {
      if (this.#counters.size >= COUNTERS_MAX) this.#sweep(use.nowMs);
      this.#counters.set(key, (counter = { periodMs, used: 0, unwritten: 0 }));
    }
    counter.used += use.amount;
    counter.unwritten += use.amount;
  }

  keys(): string[] {
    return [...this.#counters.keys()];
  }

  /** Writes what is new and takes over what others wrote. What cannot be written stays for the next time. */
  async flush(): Promise<void> {
    const uses = [...this.#counters].filter(([, { unwritten }]) => unwritten !== 0).map(([key, { periodMs, unwritten }]) => ({ key, periodMs, amount: unwritten }));
    if (uses.length === 0) return;
    const sums = await this.#store.add(uses);
    for (const { key, periodMs, amount } of uses) {
      const counter = this.#counters.get(key);
      if (counter === undefined || counter.periodMs !== periodMs) continue;
      counter.unwritten -= amount;
      const sum = sums.find((one) => one.key === key && one.periodMs === periodMs);
      if (sum !== undefined) counter.used = sum.amount + counter.unwritten;
    }
  }

  async reset(prefix: string): Promise<void> {
    for (const key of this.#counters.keys()) if (key.startsWith(prefix)) this.#counters.delete(key);
    await this.#store.remove(prefix);
  }

  #sweep(nowMs: number): void {
    for (const [key, counter] of this.#counters) if (counter.unwritten === 0 && counter.periodMs < periodStart('day', nowMs)) this.#counters.delete(key);
  }
}

/** When the period of that moment began, in UTC. */
export function periodStart(per: BudgetPeriod, atMs: number): number {
  if (per === 'day') return Math.floor(atMs / DAY_MS) * DAY_MS;
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

/** When the next one begins. */
export function periodEnd(per: BudgetPeriod, atMs: number): number {
  if (per === 'day') return periodStart(per, atMs) + DAY_MS;
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
}
