import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { plainEndpoint, plainSnapshot, principalOf, resolved } from '../../test/support/plain-exchange.ts';
import { toFault } from '../base/fault.ts';
import type { LimitConfig } from '../model/limit-config.ts';
import { LimitConfigSchema } from '../model/limit-config.ts';
import { RawObject } from '../protocol/envelope.ts';
import { compileLimits, toEndpointLimits } from '../snapshot/compile-limits.ts';
import { Buckets } from './buckets.ts';
import { Budgets, type BudgetUse } from './budgets.ts';
import type { Admitted } from './exchange.ts';
import { reserve, type ReserveDeps, type Settle } from './reserve.ts';
import { Turns } from './turns.ts';

type LimitInput = Omit<Partial<LimitConfig>, 'scope' | 'max'> & Pick<LimitConfig, 'scope' | 'max'>;

function setUp(limits: readonly LimitInput[]) {
  const clock = new MovableClock();
  const buckets = new Buckets();
  const stored: BudgetUse[] = [];
  const budgets = new Budgets({ load: () => Promise.resolve(stored), add: (uses) => Promise.resolve(uses), remove: () => Promise.resolve() });
  const deps: ReserveDeps = {
    clock,
    buckets: { takeAll: (wanted) => buckets.takeAll(wanted, clock.monotonicMs()) },
    turns: new Turns(clock),
    budgets,
    addressOf: () => '10.0.0.1',
  };
  const snapshot = plainSnapshot({ prices: [{ name: 'all', server: undefined, tool: undefined, perCall: 2, perMillionTokens: 0, perMegabyte: 0 }] as never });
  const endpoint = plainEndpoint(toEndpointLimits(compileLimits('endpoint:dev', limits.map((limit) => LimitConfigSchema.parse(limit)))));
  const admitted = (key: string, own: string, labels?: object): Admitted =>
    resolved({ snapshot, endpoint, principal: { ...principalOf(key), ...(labels && { labels }) }, target: { server: 'notion', as: 'notion', own, entry: undefined } }) as Admitted;
  const take = async (key: string, own = 'create_page'): Promise<Settle | undefined> => await reserve(admitted(key, own), deps);
  const ask = (key: string, own = 'create_page'): Promise<string> =>
    take(key, own).then(
      () => 'passed',
      (thrown: unknown) => toFault(thrown).code,
    );
  return { clock, deps, endpoint, admitted, take, ask };
}

test('an endpoint without such limits, and a tool that none is about, cost no promise', () => {
  const { deps, admitted } = setUp([{ scope: 'tool', match: { tool: 'notion__create_page' }, max: 1, seconds: 60 }]);
  expect(reserve(resolved() as Admitted, deps)).toBeUndefined();
  expect(reserve(admitted('ann', 'search'), deps)).toBeUndefined();
});

test('[RL-08] one a minute for one tool: whoever calls it, and no other tool', async () => {
  const { ask, clock } = setUp([{ scope: 'tool', match: { tool: 'notion__create_page' }, max: 1, seconds: 60 }]);
  expect([await ask('ann'), await ask('bob'), await ask('bob', 'search')]).toEqual(['passed', 'limit.rate_exceeded', 'passed']);
  await clock.move(60_000);
  expect(await ask('bob')).toBe('passed');
});

test('5 per 60 seconds lets 5 through at once and then one each 12 seconds', async () => {
  const { ask, clock } = setUp([{ scope: 'tool', by: 'key', max: 5, seconds: 60 }]);
  const burst = [];
  for (let attempt = 0; attempt < 8; attempt++) burst.push(await ask('ann'));
  expect(burst.filter((code) => code === 'passed')).toHaveLength(5);
  expect(await ask('bob')).toBe('passed');
  for (let round = 0; round < 5; round++) {
    await clock.move(11_999);
    expect(await ask('ann')).toBe('limit.rate_exceeded');
    await clock.move(1);
    expect([await ask('ann'), await ask('ann')]).toEqual(['passed', 'limit.rate_exceeded']);
  }
});

test('where one limit refuses, nothing of the others is taken', async () => {
  const { ask, clock } = setUp([
    { scope: 'server', max: 2, seconds: 60 },
    { scope: 'tool', match: { tool: 'notion__create_page' }, max: 1, seconds: 60 },
    { kind: 'concurrency', scope: 'server', max: 2 },
  ]);
  expect([await ask('ann'), await ask('ann'), await ask('ann')]).toEqual(['passed', 'limit.rate_exceeded', 'limit.rate_exceeded']);
  expect(await ask('ann', 'search')).toBe('passed');
  await clock.move(60_000);
});

test('[RL-10] a turn is given back with the outcome, and who waits is then served', async () => {
  const { take } = setUp([{ kind: 'concurrency', scope: 'tool', max: 1, queue: 1 }]);
  const first = await take('ann');
  const second = take('bob');
  await expect(take('eve')).rejects.toMatchObject({ code: 'limit.overloaded', reason: 'queue_full', data: { limit: 'endpoint:dev#0' } });
  first?.({ kind: 'result', result: RawObject.of({}) });
  expect(await second).toBeTypeOf('function');
});

test.each([
  ['bytes', 200, 1],
  ['tokens', 50, 1],
  ['money', 2, 1],
  ['calls', 3, 3],
] as const)('[RL-15] a budget of %s ends with the day', async (unit, max, calls) => {
  const { take, ask, clock } = setUp([{ kind: 'budget', scope: 'client', unit, per: 'day', max }]);
  const outcome = { kind: 'result', result: RawObject.of({ text: 'x'.repeat(200) }) } as const;
  for (let call = 0; call < calls; call++) (await take('ann'))?.(outcome);
  const refused = await take('ann').catch(toFault);
  expect(refused).toMatchObject({ code: 'limit.rate_exceeded', reason: 'budget', data: { limit: 'endpoint:dev#0' } });
  expect(await ask('bob')).toBe('passed');
  await clock.move(86_400_000);
  expect(await ask('ann')).toBe('passed');
});

test('a budget of a month says when the month is over', async () => {
  const { take, clock } = setUp([{ kind: 'budget', scope: 'client', unit: 'calls', per: 'month', max: 1 }]);
  await take('ann');
  const now = new Date(clock.nowMs());
  const endMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  await expect(take('ann')).rejects.toMatchObject({ retryAfterSeconds: Math.ceil((endMs - clock.nowMs()) / 1_000) });
});
