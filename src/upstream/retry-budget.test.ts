import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

test('a read is asked again twice, each time after a longer wait that differs', () => {
  expect([0, 1, 2, 3].map((attempt) => new RetryBudget(() => 0).take(attempt))).toEqual([0, 50, 100, undefined]);
  expect([1, 2].map((attempt) => new RetryBudget(() => 0.999).take(attempt) ?? 0)).toEqual([expect.closeTo(149.9), expect.closeTo(299.8)]);
});

test('over time a tenth of the reads may be asked again, and no more', () => {
  const budget = new RetryBudget(() => 0);
  let again = 0;
  for (let read = 0; read < 10_000; read++) {
    budget.take(0);
    if (budget.take(1) !== undefined) again++;
  }
  expect(again).toBeGreaterThan(900);
  expect(again).toBeLessThanOrEqual(1_010);
});
