/** Who waits for something that serves one at a time: first come, first served, and nobody for ever. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Fault } from '../base/fault.ts';

/** Whoever leads others to wait hears of it after this long, while there is still time to make room. */
const CROWDED_AFTER_MS = 5_000;

export interface Patience {
  readonly timeoutMs: number;
  /** Why the wait ended without success. */
  readonly tooLate: () => Fault;
  /** Nothing has come free for 5 s; told once. */
  readonly onCrowded: (() => void) | undefined;
}

interface Waiter<Thing> {
  readonly timers: readonly CancelTimer[];
  readonly resolve: (thing: Thing) => void;
  readonly reject: (fault: Fault) => void;
}

export class WaitingLine<Thing> {
  readonly #clock: Clock;
  readonly #waiters: Waiter<Thing>[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** Resolves with what `give` has for this one. Rejects with `tooLate` after the time, or with what `disband` says. */
  wait({ timeoutMs, tooLate, onCrowded }: Patience): Promise<Thing> {
    return new Promise((resolve, reject) => {
      const end = this.#clock.after(timeoutMs, () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        stop(waiter);
        reject(tooLate());
      });
      const crowded = onCrowded === undefined ? [] : [this.#clock.after(CROWDED_AFTER_MS, onCrowded)];
      const waiter: Waiter<Thing> = { timers: [end, ...crowded], resolve, reject };
      this.#waiters.push(waiter);
    });
  }

  /** Gives it to who waits longest. False where nobody waits. */
  give(thing: Thing): boolean {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return false;
    stop(waiter);
    waiter.resolve(thing);
    return true;
  }

  disband(fault: Fault): void {
    for (const waiter of this.#waiters.splice(0)) {
      stop(waiter);
      waiter.reject(fault);
    }
  }
}

function stop<Thing>({ timers }: Waiter<Thing>): void {
  for (const cancelTimer of timers) cancelTimer();
}
