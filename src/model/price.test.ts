import { expect, test } from 'vitest';
import { costOf, inOrder, type PriceSpec } from './price.ts';

const price = (name: string, more: Partial<PriceSpec>): PriceSpec => ({ name, server: undefined, tool: undefined, perCall: 0, perMillionTokens: 0, perMegabyte: 0, ...more });
const call = { server: 'maps', tool: 'find_place', bytesIn: 400_000, bytesOut: 1_600_000 };

test('a call costs its fixed price, its estimated tokens of four bytes, and its bytes both ways', () => {
  expect(costOf([price('all', { perCall: 0.25 })], call)).toBe(0.25);
  expect(costOf([price('all', { perMillionTokens: 3 })], call)).toBe(1.5);
  expect(costOf([price('all', { perMegabyte: 0.5 })], call)).toBe(1);
  expect(costOf([price('all', { perCall: 0.25, perMillionTokens: 3, perMegabyte: 0.5 })], call)).toBe(2.75);
});

test('the most exact price counts: a tool before a beginning of names, that before a server, a server before all', () => {
  const all = price('all', { perCall: 1 });
  const server = price('server', { server: 'maps', perCall: 2 });
  const beginning = price('beginning', { tool: 'find_*', perCall: 3 });
  const tool = price('tool', { tool: 'find_place', perCall: 4 });
  const both = price('both', { server: 'maps', tool: 'find_place', perCall: 5 });
  const prices = [all, server, beginning, tool, both];
  for (let kept = prices.length; kept > 0; kept--) expect(costOf(inOrder(prices.slice(0, kept)), call)).toBe(kept);
});

test('where no price fits a call has none, which is not the same as nothing', () => {
  const prices = inOrder([price('other', { server: 'mail', perCall: 1 }), price('tool', { tool: 'send', perCall: 1 })]);
  expect(costOf(prices, call)).toBeUndefined();
  expect(costOf([price('free', { server: 'maps' })], call)).toBe(0);
});
