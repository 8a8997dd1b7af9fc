/**
 * Turns: so many calls at a time, the others in a queue that ends. Interactive calls go before background ones, but
 * whoever has waited long enough counts as interactive, so that nobody waits forever.
 */
import type { Clock } from '../base/clock.ts';
import type { Priority } from '../model/limit.ts';

/** A background call that has waited so long is served in the order of its arrival. */
const AGEING_MS = 5_000;

export interface TurnRule {
  /** At a time. */
  readonly max: number;
  readonly queueMax: number;
  readonly waitMs: number;
}

/** How waiting ended without a turn. */
export type NoTurn = 'queue_full' | 'waited_too_long' | 'cancelled';

interface Waiter {
  readonly sinceMs: number;
  readonly settle: (outcome: NoTurn | undefined) => void;
}

interface Line {
  running: number;
  max: number;
  readonly interactive: Waiter[];
  readonly background: Waiter[];
}

/** Who wants a turn. `cancelled` is asked for only where one has to wait. */
export interface TurnTaker {
  readonly priority: Priority;
  readonly cancelled: () => Promise<unknown>;
}

/** Where turns are given: by this gateway alone, or by several together. */
export interface TurnStore {
  /** Undefined: it is one's turn, and `release` must follow. A promise where one has to wait; it tells why there was no turn. */
  take(key: string, rule: TurnRule, taker: TurnTaker): undefined | NoTurn | Promise<NoTurn | undefined>;
  release(key: string): void;
  /** Of one key. */
  state(key: string): { readonly running: number; readonly waiting: number };
  keys(): string[];
}

export class Turns implements TurnStore {
  readonly #clock: Clock;
  /** Only those in use. */
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(key: string, rule: TurnRule, taker: TurnTaker): undefined | NoTurn | Promise<NoTurn | undefined> {
    let line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, (line = { running: 0, max: rule.max, interactive: [], background: [] }));
    line.max = rule.max;
    const waiting = line.interactive.length + line.background.length;
    if (line.running < rule.max && waiting === 0) {
      line.running++;
      return undefined;
    }
    if (waiting >= rule.queueMax) {
      this.#forget(key, line);
      return 'queue_full';
    }
    return this.#wait(line, key, { ...taker, waitMs: rule.waitMs });
  }

  release(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    line.running--;
    this.#next(line);
    this.#forget(key, line);
  }

  state(key: string): { readonly running: number; readonly waiting: number } {
    const line = this.#lines.get(key);
    return line === undefined ? { running: 0, waiting: 0 } : { running: line.running, waiting: line.interactive.length + line.background.length };
  }

  keys(): string[] {
    return [...this.#lines.keys()];
  }

  #wait(line: Line, key: string, { priority, waitMs, cancelled }: TurnTaker & { readonly waitMs: number }): Promise<NoTurn | undefined> {
    return new Promise((resolve) => {
      const queue = line[priority];
      const waiter: Waiter = {
        sinceMs: this.#clock.monotonicMs(),
        settle: (outcome) => {
          stopTimer();
          resolve(outcome);
        },
      };
      const leave = (why: NoTurn): void => {
        const index = queue.indexOf(waiter);
        if (index < 0) return;
        queue.splice(index, 1);
        waiter.settle(why);
        this.#forget(key, line);
      };
      const stopTimer = this.#clock.after(waitMs, () => leave('waited_too_long'));
      queue.push(waiter);
      void cancelled().then(() => leave('cancelled'));
      // The limit may have been raised since the others began to wait.
      this.#next(line);
    });
  }

  #next(line: Line): void {
    while (line.running < line.max) {
      const next = this.#first(line);
      if (next === undefined) return;
      line.running++;
      next.settle(undefined);
    }
  }

  #first({ interactive, background }: Line): Waiter | undefined {
    const [one] = interactive;
    const [other] = background;
    const isAged = other !== undefined && this.#clock.monotonicMs() - other.sinceMs >= AGEING_MS;
    const isBackground = one === undefined || (isAged && other.sinceMs <= one.sinceMs);
    return isBackground ? background.shift() : interactive.shift();
  }

  #forget(key: string, { running, interactive, background }: Line): void {
    if (running === 0 && interactive.length === 0 && background.length === 0) this.#lines.delete(key);
  }
}
