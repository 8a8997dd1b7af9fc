/** Buckets that several gateways share, in a real Valkey or Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/start-redis.ts';
import { systemClock } from '../base/clock.ts';
import { LimitStore } from './limit-store.ts';
import { SharedBuckets } from './shared-buckets.ts';

const redis: TestRedis | undefined = await startRedis();
const opened: LimitStore[] = [];
const reports: boolean[] = [];
let count = 0;

async function openStore(): Promise<LimitStore> {
  const store = new LimitStore({ url: redis?.url ?? '', clock: systemClock, gatewayId: `gateway_${++count}`, report: (isDown) => reports.push(isDown) });
  opened.push(store);
  await store.start();
  return store;
}

async function open(): Promise<SharedBuckets> {
  return new SharedBuckets(await openStore());
}

afterAll(async () => {
  for (const store of opened) await store.close();
  await redis?.stop();
});

describe.skipIf(redis === undefined)('buckets in Valkey or Redis', () => {
  const name = `test-${process.pid}`;
  let one: SharedBuckets;
  let other: SharedBuckets;

  beforeAll(async () => {
    one = await open();
    other = await open();
  });

  test('[RL-08] [I7] two gateways together let no more through than the limit', async () => {
    const wanted = [{ key: `${name}-both`, max: 20, seconds: 3_600 }];
    const taken = await Promise.all(Array.from({ length: 100 }, async (_, index) => (index % 2 === 0 ? one : other).takeAll(wanted)));
    expect(taken.filter((short) => short === undefined)).toHaveLength(20);
    const short = taken.find((found) => found !== undefined);
    expect(short).toMatchObject({ index: 0 });
    expect(short?.waitMs).toBeGreaterThan(170_000);
    expect(short?.waitMs).toBeLessThanOrEqual(180_000);
    expect(await one.left(`${name}-both`, { max: 20, seconds: 3_600 })).toBeLessThan(0.1);
  });

  test('a bucket refills evenly', async () => {
    const wanted = [{ key: `${name}-even`, max: 2, seconds: 0.4 }];
    expect([await one.takeAll(wanted), await other.takeAll(wanted)]).toEqual([undefined, undefined]);
    const waitMs = (await one.takeAll(wanted))?.waitMs ?? 0;
    expect(waitMs).toBeGreaterThan(50);
    expect(waitMs).toBeLessThanOrEqual(200);
    await expect.poll(() => other.takeAll(wanted), { timeout: 2_000, interval: 20 }).toBeUndefined();
  });

  test('where one of several buckets is empty, none is taken from', async () => {
    const full = { key: `${name}-full`, max: 1, seconds: 3_600 };
    const empty = { key: `${name}-empty`, max: 1, seconds: 3_600 };
    expect(await one.takeAll([empty])).toBeUndefined();
    expect(await one.takeAll([full, empty])).toMatchObject({ index: 1 });
    expect(await one.takeAll([full])).toBeUndefined();
    await other.refill('nothing');
    await one.refill(`${name}-empty`);
    expect(await other.takeAll([empty])).toBeUndefined();
  });

  test.skipIf(redis?.kill === undefined)('[RL-09] while the store is down a gateway lets its share through, and says so; then the store counts again', async () => {
    const store = await openStore();
    const third = new SharedBuckets(store);
    const wanted = [{ key: `${name}-down`, max: 6, seconds: 3_600 }];
    await redis?.kill?.();
    let passed = 0;
    for (let attempt = 0; attempt < 10; attempt++) if ((await third.takeAll(wanted)) === undefined) passed++;
    // Three gateways are known: two of six each.
    expect(passed).toBe(2);
    expect(store.isDown).toBe(true);
    expect(reports).toContain(true);
    await redis?.start();
    await expect
      .poll(
        async () => {
          await third.takeAll([{ key: `${name}-again`, max: 1_000, seconds: 1 }]);
          return store.isDown;
        },
        { timeout: 10_000, interval: 100 },
      )
      .toBe(false);
    expect(reports.at(-1)).toBe(false);
  });
});
