import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Buckets } from './buckets.ts';

test('5 per 60 seconds lets 5 through at once and then one each 12 seconds', () => {
  const buckets = new Buckets();
  const rate = { max: 5, seconds: 60 };
  const passedAt: number[] = [];
  for (let second = 0; second <= 60; second++) for (let attempt = 0; attempt < 10; attempt++) if (buckets.take('k', rate, second * 1000) === 0) passedAt.push(second);
  expect(passedAt).toEqual([0, 0, 0, 0, 0, 12, 24, 36, 48, 60]);
});

test('never more than max + elapsed / interval pass, whenever they come', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 30 }), (gaps, max, seconds) => {
      const buckets = new Buckets();
      let nowMs = 0;
      let passed = 0;
      for (const gap of gaps) {
        nowMs += gap;
        if (buckets.take('k', { max, seconds }, nowMs) === 0) passed++;
      }
      expect(passed).toBeLessThanOrEqual(max + (nowMs * max) / (seconds * 1000) + 1e-6);
    }),
  );
});

test('the wait that a refusal names is enough', () => {
  const buckets = new Buckets();
  buckets.take('k', { max: 1, seconds: 7 }, 0);
  const waitMs = buckets.take('k', { max: 1, seconds: 7 }, 1_000);
  expect(waitMs).toBeCloseTo(6_000);
  expect(buckets.take('k', { max: 1, seconds: 7 }, 1_000 + waitMs)).toBe(0);
});

test('one key does not use up another', () => {
  const buckets = new Buckets();
  expect(buckets.take('a', { max: 1, seconds: 60 }, 0)).toBe(0);
  expect(buckets.take('a', { max: 1, seconds: 60 }, 0)).toBeGreaterThan(0);
  expect(buckets.take('b', { max: 1, seconds: 60 }, 0)).toBe(0);
});
