/**
 * How far the old part of the heap may grow before all of it is collected. A quarter keeps memory small (ADR 0023) and
 * costs little while little gets there. Large bodies count as old from the start: with many of them a quarter is full at
 * once, and calls would wait for collections. So collections that come close together let it grow further, as far as V8
 * itself would have it, and rare ones bring it back.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import type { CancelTimer } from '../base/clock.ts';
import { GROWING_PERCENT_MIN, setGrowingPercent } from '../base/heap-flags.ts';

/** V8's own bound is four times what lives. */
const PERCENT_MAX = 300;
const CLOSE_MS = 1_000;
/** While it starts and its code is new, some come together. */
const CLOSE_IN_A_ROW = 4;
const RARE_MS = 10_000;

/** Decides by the times of full collections, in ascending milliseconds. */
export class GrowingPace {
  #percent = GROWING_PERCENT_MIN;
  #lastMs = Number.NEGATIVE_INFINITY;
  #closeInARow = 0;

  /** Percent, whole, that holds from this collection on. */
  collected(atMs: number): number {
    const sinceMs = atMs - this.#lastMs;
    this.#lastMs = atMs;
    this.#closeInARow = sinceMs < CLOSE_MS ? this.#closeInARow + 1 : 0;
    if (this.#closeInARow >= CLOSE_IN_A_ROW) this.#percent = Math.min(PERCENT_MAX, this.#percent * 2);
    else if (sinceMs > RARE_MS) this.#percent = Math.max(GROWING_PERCENT_MIN, Math.floor(this.#percent / 2));
    return this.#percent;
  }
}

/** Until it is stopped. */
export function paceOldGeneration(set: (percent: number) => void = setGrowingPercent): CancelTimer {
  const pace = new GrowingPace();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (isFull(entry)) set(pace.collected(entry.startTime));
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

/** `detail` is what Node adds to entries of its own. */
function isFull(entry: PerformanceEntry & { readonly detail?: { readonly kind?: number } }): boolean {
  return entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
