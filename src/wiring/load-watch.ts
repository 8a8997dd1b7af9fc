/**
 * Whether the process still has time and memory for more work. Time: how late its own timer fires, or how long requests
 * wait before they begin, averaged so that a single pause is no alarm. Memory: what V8 holds of what it may hold at most.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';

const EVERY_MS = 200;
/** Average lateness from which on new work is refused, and below which it is taken again. */
const LATE_MS = 1_000;
const WELL_MS = 250;
/** Weight of the latest measurement. */
const SHARE = 0.3;
const HEAP_FULL = 0.85;
const HEAP_WELL = 0.8;

export interface HeapUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export type Overload = 'event_loop' | 'heap';

export interface LoadWatch {
  readonly overload: () => Overload | undefined;
  readonly stop: () => void;
}

export interface LoadWatchDeps {
  readonly clock: Clock;
  readonly heap: () => HeapUse;
  /** By the request that waits longest to begin. */
  readonly waitedMs: () => number;
  /** Hears of each beginning and end. */
  readonly changed: (overload: Overload | undefined) => void;
}

export function watchLoad({ clock, heap, waitedMs, changed }: LoadWatchDeps): LoadWatch {
  let lateMs = 0;
  let overload: Overload | undefined;
  let stopTimer: CancelTimer = () => undefined;
  const look = (dueMs: number): void => {
    lateMs += SHARE * (Math.max(clock.monotonicMs() - dueMs, waitedMs()) - lateMs);
    const { usedBytes, limitBytes } = heap();
    const share = usedBytes / limitBytes;
    const found = share >= (overload === 'heap' ? HEAP_WELL : HEAP_FULL) ? 'heap' : lateMs >= (overload === 'event_loop' ? WELL_MS : LATE_MS) ? 'event_loop' : undefined;
    if (found !== overload) changed((overload = found));
    schedule();
  };
  const schedule = (): void => {
    const dueMs = clock.monotonicMs() + EVERY_MS;
    stopTimer = clock.after(EVERY_MS, () => look(dueMs));
  };
  schedule();
  return { overload: () => overload, stop: () => stopTimer() };
}
