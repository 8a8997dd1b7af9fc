import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/start-redis.ts';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/ids.ts';
import { RedisResults } from './shared-results.ts';

const KEY = randomBytes(32);
const opened: RedisResults[] = [];
let redis: TestRedis | undefined;

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(() => {
  for (const results of opened.splice(0)) results.close();
});
afterAll(async () => redis?.stop());

function gateway(url: string, instanceKey: Uint8Array = KEY): RedisResults {
  const results = new RedisResults({ url, instanceKey, clock: systemClock, random: systemRandom });
  opened.push(results);
  return results;
}

const textOf = (results: RedisResults, key: string) => async (): Promise<string | undefined> => (await results.find(key))?.text;
const PATIENT = { timeout: 5_000 };

test('what one gateway keeps another one finds until its time is over, and one of another instance does not', async ({ skip }) => {
  if (redis === undefined) return skip();
  const [one, two] = [gateway(redis.url), gateway(redis.url)];
  expect(await two.find('call')).toBeUndefined();
  one.keep('call', { text: '{"a":1}', leftMs: 60_000 });
  await expect.poll(textOf(two, 'call'), PATIENT).toBe('{"a":1}');
  const found = await two.find('call');
  expect(found?.leftMs).toBeGreaterThan(50_000);
  expect(found?.leftMs).toBeLessThanOrEqual(60_000);
  expect(await gateway(redis.url, randomBytes(32)).find('call')).toBeUndefined();
  one.keep('brief', { text: '{}', leftMs: 300 });
  await expect.poll(textOf(two, 'brief'), PATIENT).toBe('{}');
  await expect.poll(textOf(two, 'brief'), PATIENT).toBe(undefined);
});

test('the store learns neither calls nor results, and what was moved to another key does not open', async ({ skip }) => {
  if (redis === undefined) return skip();
  const results = gateway(redis.url);
  results.keep('ann calls files', { text: '{"secret":"the result"}', leftMs: 60_000 });
  results.keep('bob calls files', { text: '{"secret":"bobs"}', leftMs: 60_000 });
  await expect.poll(textOf(results, 'bob calls files'), PATIENT).toBe('{"secret":"bobs"}');
  const raw = new Redis(redis.url);
  try {
    const keys = await raw.keys('metamcp:result:*');
    const values = await raw.mget(keys);
    expect(JSON.stringify([keys, values])).not.toMatch(/ann|bob|files|secret|the result/);
    const [first = '', second = ''] = values.map(String);
    for (const key of keys) await raw.set(key, (await raw.get(key)) === first ? second : first, 'PX', 60_000);
    for (const who of ['ann', 'bob']) expect(await gateway(redis.url).find(`${who} calls files`)).toBeUndefined();
  } finally {
    raw.disconnect();
  }
});

test('a store that is away or was flushed is one that has nothing, soon, and serves again when it is back', async ({ skip }) => {
  const { kill } = redis ?? {};
  if (redis === undefined || kill === undefined) return skip();
  const results = gateway(redis.url);
  results.keep('lost', { text: '{}', leftMs: 60_000 });
  await expect.poll(textOf(results, 'lost'), PATIENT).toBe('{}');
  await kill();
  const startedMs = performance.now();
  for (let count = 0; count < 20; count++) {
    expect(await results.find('lost')).toBeUndefined();
    results.keep('lost', { text: '{}', leftMs: 60_000 });
  }
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  await redis.start();
  await expect
    .poll(
      async () => {
        results.keep('again', { text: '{}', leftMs: 60_000 });
        return (await results.find('again'))?.text;
      },
      { timeout: 10_000 },
    )
    .toBe('{}');
}, 30_000);
