import { expect, test } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

test('[RL-14] all together take no more than there is, and what one lets go another may take', () => {
  const budget = new ByteBudget(100);
  const [first, second] = [budget.hold(), budget.hold()];
  first.take(60);
  second.take(40);
  expect(() => second.take(1)).toThrow(expect.objectContaining({ code: 'limit.overloaded', reason: 'bodies', retryAfterSeconds: 2 }));
  expect(budget.heldBytes).toBe(100);
  first.letGo();
  expect(budget.heldBytes).toBe(40);
  second.take(60);
  second.letGo();
  expect(budget.heldBytes).toBe(0);
});

test('bytes are held until the last of those who keep them has let go', () => {
  const budget = new ByteBudget(100);
  const held = budget.hold();
  held.take(10);
  held.keep();
  held.keep();
  held.letGo();
  held.letGo();
  expect(budget.heldBytes).toBe(10);
  held.letGo();
  expect(budget.heldBytes).toBe(0);
});
