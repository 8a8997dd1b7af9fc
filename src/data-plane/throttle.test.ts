import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identified, plainEndpoint, plainHttp, principalOf } from '../../test/support/plain-exchange.ts';
import { Fault } from '../base/fault.ts';
import type { RateLimit } from '../model/limit.ts';
import { Buckets } from './buckets.ts';
import { type ThrottleDeps, throttle } from './throttle.ts';

let count = 0;
function limit(changes: Partial<RateLimit>): RateLimit {
  return { id: `endpoint:dev#${++count}`, kind: 'rate', scope: 'client', by: 'key', header: undefined, matches: undefined, max: 2, seconds: 60, ...changes };
}

interface Asked {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly endpoint?: string;
}

/** The fault of each request, undefined where it passes. Time stands still unless it is moved. */
function setUp(limits: readonly RateLimit[]) {
  const time = { nowMs: 0 };
  const buckets = new Buckets();
  const deps: ThrottleDeps = { buckets: { takeAll: (wanted) => buckets.takeAll(wanted, time.nowMs) }, addressOf: (http) => String(http.headers['x-address'] ?? '') };
  const ask = ({ key = 'ann', headers = {}, endpoint = 'dev' }: Asked = {}): Fault | undefined => {
    try {
      void throttle(identified({ principal: principalOf(key), http: plainHttp(headers), endpoint: plainEndpoint({ name: endpoint, limits }) }), deps);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof Fault) return thrown;
      throw thrown;
    }
  };
  return { time, ask };
}

test('[RL-08] a client above its limit is told to wait, and for how long; another client and another endpoint are not', () => {
  const { ask, time } = setUp([limit({})]);
  expect([ask(), ask()]).toEqual([undefined, undefined]);
  expect(ask()).toMatchObject({ code: 'limit.rate_exceeded', http: 429, retryAfterSeconds: 30, reason: 'client_limit' });
  expect(ask({ key: 'bob' })).toBeUndefined();
  expect(ask({ endpoint: 'other' })).toBeUndefined();
  time.nowMs = 29_999;
  expect(ask()).toMatchObject({ retryAfterSeconds: 1 });
  time.nowMs = 30_000;
  expect(ask()).toBeUndefined();
});

test("[RL-08] the endpoint's own limit counts everybody and says that the gateway is busy", () => {
  const { ask } = setUp([limit({ scope: 'endpoint' })]);
  expect([ask({ key: 'a' }), ask({ key: 'b' })]).toEqual([undefined, undefined]);
  expect(ask({ key: 'c' })).toMatchObject({ code: 'limit.overloaded', http: 503, reason: 'endpoint_limit' });
});

test.each([
  ['ip', { headers: { 'x-address': '10.0.0.1' } }, { headers: { 'x-address': '10.0.0.2' } }],
  ['header', { headers: { 'x-tenant': 'one' } }, { headers: { 'x-tenant': 'two' } }],
  ['user', { key: 'ann' }, { key: 'bob' }],
  ['key', { key: 'ann' }, { key: 'bob' }],
] as const)('[RL-08] clients are told apart by %s', (by, one, other) => {
  const { ask } = setUp([limit({ by, header: by === 'header' ? 'x-tenant' : undefined, max: 1 })]);
  expect(ask(one)).toBeUndefined();
  expect(ask(one)).toBeDefined();
  expect(ask(other)).toBeUndefined();
});

test('who leaves the header out shares one bucket with all that do', () => {
  const { ask } = setUp([limit({ by: 'header', header: 'x-tenant', max: 1 })]);
  expect(ask({ key: 'a' })).toBeUndefined();
  expect(ask({ key: 'b' })).toMatchObject({ code: 'limit.rate_exceeded' });
});

test('of several limits the strictest holds, whoever asks and whenever', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 }),
      (perClient, together, keys) => {
        const { ask } = setUp([limit({ max: perClient }), limit({ scope: 'endpoint', max: together })]);
        const passed = keys.filter((key) => ask({ key }) === undefined);
        expect(passed.length).toBeLessThanOrEqual(together);
        for (const key of ['a', 'b', 'c']) expect(passed.filter((one) => one === key).length).toBeLessThanOrEqual(perClient);
      },
    ),
  );
});

test('an endpoint without limits refuses nobody', () => {
  const { ask } = setUp([]);
  for (let count = 0; count < 1_000; count++) expect(ask()).toBeUndefined();
});
