/**
 * Waits of one length, many at a time, nearly all of which are given up before their end: one timer for all of them,
 * set for the first, instead of one for each.
 */
import type { Clock } from './clock.ts';
import { RecentTable } from './recent-table.ts';

interface Waiting {
  readonly id: number;
  readonly dueMs: number;
  readonly run: () => void;
}

export class Patience {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #waiting = new RecentTable<Waiting>();
  #lastId = 0;
  #isTimed = false;

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** Runs `run` after the delay unless `end` comes with the number that this returns. */
  begin(run: () => void): number {
    const id = ++this.#lastId;
    this.#waiting.add(id, { id, dueMs: this.#clock.monotonicMs() + this.#delayMs, run });
    if (!this.#isTimed) this.#watch(this.#delayMs);
    return id;
  }

  /** Harmless when it already ran or ended. */
  end(id: number): void {
    this.#waiting.delete(id);
  }

  #watch(delayMs: number): void {
    this.#isTimed = true;
    this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#isTimed = false;
    const nowMs = this.#clock.monotonicMs();
    const waiting = this.#waiting.values().sort((one, other) => one.id - other.id);
    for (const { id, run } of waiting.filter(({ dueMs }) => dueMs <= nowMs)) {
      this.#waiting.delete(id);
      run();
    }
    const next = waiting.find(({ dueMs }) => dueMs > nowMs);
    if (next !== undefined && !this.#isTimed) this.#watch(next.dueMs - nowMs);
  }
}
