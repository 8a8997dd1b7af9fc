/**
 * A bound for the part of V8's heap in which everything begins. Left alone it grows to 128 MB, which makes no call
 * quicker than half of it does, but holds that memory for good (a quarter made calls of 900 clients a tenth dearer). Its
 * maximum can only be given on the command line; the factor by which it grows is read each time it does. After quiet
 * minutes V8 makes it small again: 2 MB, and with that a collection every five milliseconds under load. So it may grow
 * again whenever there is room for a step below the bound; by steps, as V8 does: a gateway with little to do does not need all of it.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { CancelTimer } from '../base/clock.ts';

/** Both halves. A collection empties one into the other. */
const BYTES_MAX = 64 << 20;
/** V8's own. */
const GROWTH_FACTOR = 2;

/** Sets the factor by which it grows, for all threads. */
export class YoungBound {
  readonly #set: (factor: number) => void;
  #factor = GROWTH_FACTOR;

  constructor(set: (factor: number) => void) {
    this.#set = set;
  }

  /** After a collection, since it changes its size at no other time. */
  collected(bytes: number): void {
    const factor = bytes * GROWTH_FACTOR <= BYTES_MAX ? GROWTH_FACTOR : 1;
    if (factor === this.#factor) return;
    this.#factor = factor;
    this.#set(factor);
  }
}

/** From now on, until it is stopped. */
export function boundYoungGeneration(): CancelTimer {
  const bound = new YoungBound((factor) => setFlagsFromString(`--semi-space-growth-factor=${factor}`));
  const observer = new PerformanceObserver(() => bound.collected(bytesNow()));
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

function bytesNow(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? BYTES_MAX;
}
