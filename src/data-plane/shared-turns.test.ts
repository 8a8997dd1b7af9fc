/** Turns that several gateways share, in a real Valkey or Redis. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/start-redis.ts';
import { systemClock } from '../base/clock.ts';
import { LimitStore } from './limit-store.ts';
import { SharedTurns } from './shared-turns.ts';
import type { TurnTaker } from './turns.ts';

const redis: TestRedis | undefined = await startRedis();
const RULE = { max: 3, queueMax: 100, waitMs: 10_000 };
const STAYING: TurnTaker = { priority: 'interactive', cancelled: () => new Promise(() => undefined) };
let opened: LimitStore[] = [];
let count = 0;

async function open(leaseMs = 20_000): Promise<{ readonly turns: SharedTurns; readonly store: LimitStore }> {
  const store = new LimitStore({ url: redis?.url ?? '', clock: systemClock, gatewayId: `${process.pid}_${++count}`, report: () => undefined });
  opened.push(store);
  const turns = new SharedTurns({ store, leaseMs });
  await store.start();
  return { turns, store };
}

afterAll(async () => {
  await redis?.stop();
});

describe.skipIf(redis === undefined)('turns in Valkey or Redis', () => {
  let one: SharedTurns;
  let other: SharedTurns;
  let key: string;

  beforeEach(async () => {
    ({ turns: one } = await open());
    ({ turns: other } = await open());
    key = `test-${process.pid}-${++count}`;
  });

  afterEach(async () => {
    for (const store of opened) await store.close();
    opened = [];
  });

  test('[RL-10] at two gateways together never more have their turn than the limit says, and all get one', async () => {
    let running = 0;
    let most = 0;
    const call = async (turns: SharedTurns): Promise<void> => {
      expect(await turns.take(key, RULE, STAYING)).toBeUndefined();
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      turns.release(key);
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => call(index % 2 === 0 ? one : other)));
    expect(most).toBe(RULE.max);
    expect([one.keys(), other.keys()]).toEqual([[], []]);
  });

  test('who finds no room waits no longer than the limit says, and no more wait than it says', async () => {
    for (let turn = 0; turn < RULE.max; turn++) expect(await one.take(key, RULE, STAYING)).toBeUndefined();
    expect(await other.take(key, { ...RULE, waitMs: 30 }, STAYING)).toBe('waited_too_long');
    expect(await other.take(key, { ...RULE, queueMax: 0 }, STAYING)).toBe('queue_full');
    expect(other.state(key)).toEqual({ running: 0, waiting: 0 });
    expect(one.state(key)).toEqual({ running: RULE.max, waiting: 0 });
  });

  test('a client that goes away waits no more', async () => {
    for (let turn = 0; turn < RULE.max; turn++) await one.take(key, RULE, STAYING);
    const { promise: cancelled, resolve } = Promise.withResolvers<undefined>();
    const taken = other.take(key, RULE, { ...STAYING, cancelled: () => cancelled });
    await expect.poll(() => other.state(key)).toEqual({ running: 0, waiting: 1 });
    resolve(undefined);
    expect(await taken).toBe('cancelled');
  });

  test('turns of a gateway that died come back', async () => {
    const { turns: dying, store } = await open(300);
    for (let turn = 0; turn < RULE.max; turn++) await dying.take(key, RULE, STAYING);
    store.redis.disconnect();
    expect(await other.take(key, RULE, STAYING)).toBeUndefined();
  });

  test.skipIf(redis?.kill === undefined)('[RL-09] while the store is down a gateway gives its share, and turns that it forgot are there again with the next beat', async () => {
    const { turns: third, store } = await open();
    await redis?.kill?.();
    const rule = { ...RULE, max: 2 * store.gateways, queueMax: 0 };
    const given = [];
    for (let attempt = 0; attempt < 4; attempt++) given.push(await third.take(key, rule, STAYING));
    expect(store.gateways).toBeGreaterThanOrEqual(3);
    expect(given).toEqual([undefined, undefined, 'queue_full', 'queue_full']);
    await redis?.start();
    await expect.poll(() => store.redis.zcard(`metamcp:turns:${key}`).catch(() => -1), { timeout: 15_000, interval: 100 }).toBe(2);
  }, 20_000);
});
