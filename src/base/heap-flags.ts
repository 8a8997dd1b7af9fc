/** How V8 keeps its heaps, as far as it can be told once the process runs. Set before anything is loaded. */
import { setFlagsFromString } from 'node:v8';

/** What `setGrowingPercent` is given to begin with, and the least that it should be given. */
export const GROWING_PERCENT_MIN = 25;

/** Holds for the whole process, threads included. Throws nothing: V8 heeds no flag that it does not know. */
export function setHeapFlags(): void {
  // What one request allocates dies with it. V8 learns otherwise from a few that live longer, allocates them as old, and
  // then keeps what they point to until the next full collection: measured, a fifth of all memory under load.
  setFlagsFromString('--no-allocation-site-pretenuring');

  // In quiet minutes V8 collects until nothing more is won by it, and with what is gone throws away most of what it had
  // optimised: measured, the first second after half a minute without calls took twice as long, the next three a fifth more.
  // Memory is there to be used again. `--no-memory-reducer` would say it better, but only counts on the command line.
  setFlagsFromString('--gc-memory-reducer-start-delay-ms=2000000000');

  // The old part of a heap is collected when it has grown by a quarter, not to four times what lives in it. Some 200 bytes
  // of each call get there because they live just then: a collection every 50,000 calls, and 100 MB less. Where more gets
  // there `wiring/old-generation.ts` lets it grow further.
  setGrowingPercent(GROWING_PERCENT_MIN);

  // Megabytes, for the heaps of threads; `wiring/young-generation.ts` says why, and bounds the one that is there already.
  setFlagsFromString('--min-semi-space-size=8');
  setFlagsFromString('--max-semi-space-size=8');
}

/** By how much of what lives in it the old part of a heap may grow, from its next collection on; in all threads. Whole: V8 says on stderr that a fraction is no value, and keeps the one before. */
export function setGrowingPercent(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
