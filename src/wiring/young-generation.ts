/**
 * A bound for the part of V8's heap in which everything begins. Left alone it grows to 128 MB, which makes no call
 * quicker than half of it does, but holds that memory for good (a quarter made calls of 900 clients a tenth dearer). Its
 * maximum can only be given on the command line; the factor by which it grows is read each time it does.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { CancelTimer, Clock } from '../base/clock.ts';

/** Both halves. A collection empties one into the other. */
const BYTES_MAX = 64 << 20;
const LOOK_MS = 200;

/** Looks until the bound is reached; then it grows no more, in no thread. */
export function boundYoungGeneration(clock: Pick<Clock, 'after'>): CancelTimer {
  let stop: CancelTimer;
  const look = (): void => {
    if (bytesNow() >= BYTES_MAX) setFlagsFromString('--semi-space-growth-factor=1');
    else stop = clock.after(LOOK_MS, look);
  };
  stop = clock.after(LOOK_MS, look);
  return () => stop();
}

function bytesNow(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? BYTES_MAX;
}
