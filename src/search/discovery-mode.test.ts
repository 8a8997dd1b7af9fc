import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUDGET_TOKENS_DEFAULT } from '../model/discovery-config.ts';
import { DiscoveryModes, nextDiscoveryMode } from './discovery-mode.ts';

test.each([
  [undefined, 8_000, 'full'],
  [undefined, 8_001, 'search'],
  ['full', 8_000, 'full'],
  ['full', 8_001, 'search'],
  ['search', 7_999, 'search'],
  ['search', 6_401, 'search'],
  ['search', 6_400, 'full'],
] as const)('after %s a list of %i tokens is offered in mode %s', (previous, tokens, mode) => {
  expect(nextDiscoveryMode(previous, tokens, BUDGET_TOKENS_DEFAULT)).toBe(mode);
});

test('a cost that hovers within a fifth below the budget changes the mode at most once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 6_401, max: 9_600 })), (costs) => {
      const modes = new DiscoveryModes();
      const seen = costs.map((tokens) => modes.decide('dev', 'anyone', { tokens, budgetTokens: 8_000 }));
      expect(seen.filter((mode, at) => at > 0 && mode !== seen[at - 1]).length).toBeLessThanOrEqual(1);
    }),
  );
});

test('each endpoint and authorization is decided for itself', () => {
  const modes = new DiscoveryModes();
  expect(modes.decide('dev', 'ann', { tokens: 9_000, budgetTokens: 8_000 })).toBe('search');
  expect(modes.decide('dev', 'bob', { tokens: 7_000, budgetTokens: 8_000 })).toBe('full');
  expect(modes.decide('dev', 'ann', { tokens: 7_000, budgetTokens: 8_000 })).toBe('search');
  expect(modes.decide('ops', 'ann', { tokens: 7_000, budgetTokens: 8_000 })).toBe('full');
});
