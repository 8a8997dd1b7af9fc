/** Two gateways whose Valkey or Redis is slow for one of them, cut off, or flushed: calls go on, limits hold by share, results are asked for anew. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type FaultProxy, openFaultProxy } from '../faults/fault-proxy.ts';
import { type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { modernRequest, openSession, post, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { openReplicas, type RunningReplica, type RunningReplicas } from '../support/start-replicas.ts';

const KEY = randomKey();
const LIMIT = 40;
/** What a call may cost while the store does not answer: one in a second asks it, for 200 ms, and twice where a result may be remembered. */
const CALL_MS_MAX = 1_000;

let replicas: RunningReplicas | undefined;
let counting: RunningFixture;
let proxy: FaultProxy | undefined;
let near: RunningReplica;
let far: RunningReplica;

beforeAll(async () => {
  counting = await startFixture('counting-server.ts');
  const limited = (name: string) => [name, { namespace: 'all', limits: [{ scope: 'client', by: 'key', max: LIMIT, seconds: 3_600 }] }];
  replicas = await openReplicas({
    servers: { count: { type: 'http', url: counting.url } },
    namespaces: { all: { servers: ['count'], middleware: [{ use: 'cache', with: { seconds: 600, readOnly: true } }] } },
    endpoints: { dev: { namespace: 'all', limits: [{ scope: 'client', by: 'key', max: 100_000, seconds: 3_600 }] }, ...Object.fromEntries(['cut', 'flushed'].map(limited)) },
    keys: { load: { value: KEY } },
  });
  if (replicas === undefined) return;
  proxy = await openFaultProxy(replicas.redis.url, Math.random);
  near = await replicas.start('near');
  far = await replicas.start('far', { REDIS_URL: proxy.through(replicas.redis.url) });
}, 120_000);

afterEach(() => {
  if (proxy !== undefined) proxy.weather = {};
});

afterAll(async () => {
  await replicas?.stop();
  proxy?.stop();
  await counting.stop();
}, 60_000);

const door = (replica: RunningReplica, endpoint = 'dev') => ({ url: replica.mcp(endpoint), key: KEY });
const count = async (replica: RunningReplica, key: string): Promise<string> => textOf((await modernRequest(door(replica), 'tools/call', { name: 'count__count', arguments: { key } })).message);
const readinessOf = async (replica: RunningReplica): Promise<number> => fetch(`${replica.url}/ready`).then(async (answer) => (await answer.body?.cancel(), answer.status));
const isDownAt = async (replica: RunningReplica): Promise<boolean> => (await replica.log()).map(({ msg }) => String(msg)).findLast((msg) => msg.startsWith('shared store'))?.startsWith('shared store down') ?? false;

async function passedOf(total: number, at: (index: number) => RunningReplica, endpoint: string): Promise<number> {
  const statuses: number[] = [];
  for (let index = 0; index < total; index++) statuses.push((await modernRequest(door(at(index), endpoint), 'tools/list')).status);
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  return statuses.filter((status) => status === 200).length;
}

test.each([
  ['slow', { delayMs: 1_500 }],
  ['cut off', { isPartitioned: true }],
] as const)('[RL-09] a gateway whose store is %s answers calls in time, stays ready, and comes back by itself', async (label, weather) => {
  if (replicas === undefined || proxy === undefined) return;
  const session = await openSession(door(far));
  expect(await count(far, `${label}, before`)).toContain('"count":1');
  proxy.weather = weather;
  const times: number[] = [];
  for (let index = 0; index < 30; index++) {
    const startedMs = performance.now();
    expect(await count(far, `${label} ${index}`)).toContain('"count":1');
    times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  process.stderr.write(`the store is ${label}: a call takes ${(times[15] ?? 0).toFixed(1)} ms in the middle, ${(times[29] ?? 0).toFixed(0)} ms at most\n`);
  expect(times[29]).toBeLessThan(CALL_MS_MAX);
  // The log is written once a second.
  await expect.poll(() => isDownAt(far), { timeout: 5_000 }).toBe(true);
  expect([await readinessOf(far), await readinessOf(near)]).toEqual([200, 200]);
  for (const replica of [far, near]) expect((await post(door(replica), { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers)).status).toBe(200);
  proxy.weather = {};
  await expect
    .poll(
      async () => {
        await count(far, `${label}, after`);
        return isDownAt(far);
      },
      { timeout: 20_000, interval: 200 },
    )
    .toBe(false);
}, 60_000);

test('[RL-08] [RL-09] while one of two is cut off from the store, both together let no more through than half as much again', async ({ skip }) => {
  if (replicas === undefined || proxy === undefined) return skip();
  proxy.weather = { isPartitioned: true };
  // The one that is cut off keeps to its half; the other one still has the whole.
  const alone = await passedOf(LIMIT, () => far, 'cut');
  const both = alone + (await passedOf(2 * LIMIT, () => near, 'cut'));
  expect(alone).toBeLessThanOrEqual(LIMIT / 2 + 1);
  expect(both).toBeLessThanOrEqual(LIMIT * 1.5 + 1);
  expect(both).toBeGreaterThanOrEqual(LIMIT);
  await expect.poll(() => isDownAt(far), { timeout: 5_000 }).toBe(true);
}, 60_000);

test('[RL-08] a store that is flushed begins to count anew, and has no result; sessions and keys notice nothing', async ({ skip }) => {
  if (replicas === undefined || proxy === undefined) return skip();
  const session = await openSession(door(near));
  const store = new Redis(replicas.redis.url);
  try {
    const isBack = async (): Promise<boolean> => (await passedOf(1, () => far, 'dev')) === 1 && !(await isDownAt(far));
    await expect.poll(isBack, { timeout: 20_000, interval: 200 }).toBe(true);
    const both = (index: number): RunningReplica => (index % 2 === 0 ? near : far);
    expect(await passedOf(2 * LIMIT, both, 'flushed')).toBe(LIMIT);
    await store.flushall();
    expect(await passedOf(2 * LIMIT, both, 'flushed')).toBe(LIMIT);
    for (const replica of [near, far]) expect((await post(door(replica), { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers)).status).toBe(200);
  } finally {
    store.disconnect();
  }
}, 60_000);
