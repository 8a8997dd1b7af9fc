/** The seed of a run: printed, and repeated with `FAULT_SEED=… npm run faults`. */
import { systemClock } from '../../src/base/clock.ts';

const given = Number(process.env['FAULT_SEED']);

export const SEED = Number.isSafeInteger(given) && given > 0 ? given : (Math.floor(systemClock.nowMs()) % 2 ** 31) | 1;

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same things in another order. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  return things
    .map((thing) => ({ thing, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ thing }) => thing);
}
