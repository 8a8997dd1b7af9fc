import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrowingPace, paceOldGeneration } from './old-generation.ts';

function paceOf(intervalsMs: readonly number[]): number[] {
  const pace = new GrowingPace();
  let atMs = 0;
  return intervalsMs.map((sinceMs) => pace.collected((atMs += sinceMs)));
}

test('collections that come close together let the heap grow further, up to four times; three of them do not', () => {
  expect(paceOf([0, 300, 300, 300, 1_000])).toEqual([25, 25, 25, 25, 25]);
  expect(paceOf([0, 300, 300, 300, 300, 999, 1, 1, 1, 1])).toEqual([25, 25, 25, 25, 50, 100, 200, 300, 300, 300]);
});

test('rare ones bring it back by halves, to a quarter', () => {
  expect(paceOf([0, 1, 1, 1, 1, 1, 5_000, 10_000, 10_001, 60_000, 60_000]).slice(5)).toEqual([100, 100, 100, 50, 25, 25]);
  expect(paceOf([0, 1, 1, 1, 1, 1, 1, 1, 60_000, 60_000, 60_000, 60_000]).slice(7)).toEqual([300, 150, 75, 37, 25]);
});

test('whatever comes, it is a whole number, stays between a quarter and four times, and comes back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 50 }), (intervalsMs) => {
      const percents = paceOf([...intervalsMs, 10_001, 10_001, 10_001, 10_001]);
      expect(percents.every((percent) => Number.isInteger(percent) && percent >= 25 && percent <= 300)).toBe(true);
      expect(percents.at(-1)).toBe(25);
    }),
  );
});

test('it goes by the full collections of the process', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'major' | 'minor' }) => void;
  const told: number[] = [];
  const stop = paceOldGeneration((percent) => told.push(percent));
  for (let count = 0; count < 7; count++) {
    collect({ type: 'minor' });
    collect({ type: 'major' });
  }
  await expect.poll(() => told.length).toBeGreaterThanOrEqual(7);
  expect(told.slice(0, 7)).toEqual([25, 25, 25, 25, 50, 100, 200]);
  stop();
  const before = told.length;
  collect({ type: 'major' });
  await new Promise(setImmediate);
  expect(told).toHaveLength(before);
});
