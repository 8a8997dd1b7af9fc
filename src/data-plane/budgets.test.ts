import { expect, test } from 'vitest';
import { Budgets, type BudgetStore, type BudgetUse } from './budgets.ts';

const DAY = { per: 'day' } as const;
const NOW_MS = Date.UTC(2026, 0, 5, 12);

/** One database for several gateways. */
function sharedStore(): BudgetStore & { isDown: boolean } {
  const sums = new Map<string, BudgetUse>();
  return {
    isDown: false,
    load: (sinceMs) => Promise.resolve([...sums.values()].filter((sum) => sum.periodMs >= sinceMs)),
    add(uses) {
      if (this.isDown) return Promise.reject(new Error('down'));
      return Promise.resolve(
        uses.map(({ key, periodMs, amount }) => {
          const sum = { key, periodMs, amount: (sums.get(`${key} ${periodMs}`)?.amount ?? 0) + amount };
          sums.set(`${key} ${periodMs}`, sum);
          return sum;
        }),
      );
    },
    remove: () => Promise.resolve(sums.clear()),
  };
}

test('two gateways count into one sum, and one that starts later goes on from it', async () => {
  const store = sharedStore();
  const [one, other] = [new Budgets(store), new Budgets(store)];
  one.add('k', DAY, { amount: 3, nowMs: NOW_MS });
  other.add('k', DAY, { amount: 4, nowMs: NOW_MS });
  await one.flush();
  await other.flush();
  expect(other.used('k', DAY, NOW_MS)).toBe(7);
  one.add('k', DAY, { amount: 1, nowMs: NOW_MS });
  await one.flush();
  expect(one.used('k', DAY, NOW_MS)).toBe(8);
  const late = new Budgets(store);
  await late.load(NOW_MS);
  expect(late.used('k', DAY, NOW_MS)).toBe(8);
  expect(late.used('k', DAY, NOW_MS + 86_400_000)).toBe(0);
});

test('what cannot be written down is kept and written later, once', async () => {
  const store = sharedStore();
  const budgets = new Budgets(store);
  budgets.add('k', DAY, { amount: 3, nowMs: NOW_MS });
  store.isDown = true;
  await expect(budgets.flush()).rejects.toThrow('down');
  expect(budgets.used('k', DAY, NOW_MS)).toBe(3);
  store.isDown = false;
  await budgets.flush();
  await budgets.flush();
  const late = new Budgets(store);
  await late.load(NOW_MS);
  expect(late.used('k', DAY, NOW_MS)).toBe(3);
});
