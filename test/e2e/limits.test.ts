/** Limits of a configuration, as clients meet them, and changed while the gateway runs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setInterval as every } from 'node:timers/promises';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEYS = { ann: randomKey(), bob: randomKey(), slow: randomKey() };
/** Calls in ten seconds that one client may make at the endpoint `crowded`. */
const LOUD_MAX = 20;
const LOUD_SECONDS = 10;
const server = fixtureCommand('counting-server.ts', '--stdio');
const config = (max: number): object => ({
  servers: { count: server, other: server },
  namespaces: { all: { servers: ['count', 'other'], limits: [{ kind: 'concurrency', scope: 'server', match: { server: 'other' }, max: 1, queue: 1, waitSeconds: 5 }] } },
  endpoints: {
    all: { namespace: 'all', limits: [{ scope: 'tool', match: { tool: 'count__count' }, max, seconds: 3_600 }] },
    again: { namespace: 'all' },
    crowded: { namespace: 'all', limits: [{ scope: 'client', by: 'key', max: LOUD_MAX, seconds: LOUD_SECONDS }] },
  },
  limits: { daily: { kind: 'budget', scope: 'client', match: { tool: 'count__canary' }, unit: 'calls', per: 'day', max: 2 } },
  keys: { ann: { value: KEYS.ann }, bob: { value: KEYS.bob }, slow: { value: KEYS.slow, labels: { priority: 'background' } } },
});
const data = mkdtempSync(join(tmpdir(), 'metamcp-limits-'));
let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ config: config(1), data });
});

afterAll(async () => {
  await gateway.stop();
  rmSync(data, { recursive: true, force: true });
});

async function admin(method: string, path: string, body: object): Promise<void> {
  const { url, token } = JSON.parse(readFileSync(join(data, 'gateway.json'), 'utf8')) as { url: string; token: string };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

function call(key: keyof typeof KEYS, name: string, { endpoint = 'all', args = { key: 'a' } }: { readonly endpoint?: string; readonly args?: object } = {}): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp(endpoint), key: KEYS[key] }, 'tools/call', { name, arguments: args });
}

test('[RL-08] one a while for one tool at one endpoint, whoever calls; other tools and endpoints go on', async () => {
  expect((await call('ann', 'count__count')).message.result).toBeDefined();
  const refused = await call('bob', 'count__count');
  expect(refused.status).toBe(429);
  expect(refused.message.error).toMatchObject({ code: -31008, data: { limit: 'endpoint:all#0', failedAt: 'policy', outcome: 'not_executed', reason: 'tool_limit' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_500);
  expect((await call('ann', 'count__counts', { args: {} })).message.result).toBeDefined();
  expect((await call('ann', 'count__count', { endpoint: 'again' })).message.result).toBeDefined();
});

test('a changed limit acts with the next call: that of the admin API and that of the file', async () => {
  expect((await call('ann', 'count__counts', { args: {} })).status).toBe(200);
  const limit = { scope: 'tool', match: { tool: 'count__counts' }, max: 1, seconds: 3_600 };
  await admin('POST', '/limits', { name: 'live', config: limit });
  const answers = [await call('ann', 'count__counts', { args: {} }), await call('bob', 'count__counts', { args: {} })];
  expect(answers.map(({ status }) => status)).toEqual([200, 429]);
  await admin('PUT', '/limits/live', { config: { ...limit, max: 10 } });
  expect((await call('bob', 'count__counts', { args: {} })).status).toBe(200);
  await gateway.reconfigure(config(1_000));
  await expect.poll(async () => (await call('ann', 'count__count')).status, { timeout: 5_000, interval: 20 }).toBe(200);
});

test('[RL-10] where one call runs at a time another waits, and a third is told at once', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => call('ann', 'other__count', { args: { key: 'b', delayMs: 300 } })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 503]);
  expect(answers.find(({ status }) => status === 503)?.message.error).toMatchObject({ code: -31006, data: { reason: 'queue_full', limit: 'namespace:all#0' } });
});

test('[RL-15] a budget ends with its period for each principal, outlives the gateway, and can be begun afresh', async () => {
  const canary = async (key: keyof typeof KEYS): Promise<number> => (await call(key, 'count__canary', { args: { principal: 'x' } })).status;
  expect([await canary('ann'), await canary('ann'), await canary('ann'), await canary('bob')]).toEqual([200, 200, 429, 200]);
  const usage = JSON.parse((await runMetamcp(['limits', '--json', '--data', gateway.data])).stdout) as { items: { limit: string; used: number; identity: string }[] };
  expect(usage.items.filter((use) => use.limit === 'limit:daily').map((use) => use.used).sort()).toEqual([1, 2]);
  await gateway.stop();
  gateway = await startGateway({ config: config(1_000), data });
  expect([await canary('ann'), await canary('bob')]).toEqual([429, 200]);
  expect((await runMetamcp(['limits', 'reset', 'limit:daily', '--data', data])).code).toBe(0);
  expect(await canary('ann')).toBe(200);
});

/** Times two ways of the same against each other: only where the machine does nothing else, METAMCP_TEST_TIMES=1. */
describe.runIf(process.env['METAMCP_TEST_TIMES'] === '1')('[TN-09] a client that asks more than ten times as often as it may', () => {
  const ROUNDS = 6;
  const ROUND_MS = 400;
  /** A hundred times the limit; a busy machine makes less of it. */
  const LOUD_EVERY_MS = (LOUD_SECONDS * 1_000) / (100 * LOUD_MAX);
  /** What two measurements of the same differ by on a machine that does other things too. */
  const NOISE_MS = 3;

  /** How long each call of a client takes that makes one after the other. */
  async function quietCalls(): Promise<number[]> {
    const times: number[] = [];
    for (const endMs = performance.now() + ROUND_MS; performance.now() < endMs; ) {
      const startedMs = performance.now();
      expect((await call('bob', 'count__count', { endpoint: 'again' })).status).toBe(200);
      times.push(performance.now() - startedMs);
    }
    return times;
  }

  /** Until told to stop; resolves with how often it was served and refused. */
  async function loudCalls(signal: AbortSignal): Promise<Map<number, number>> {
    const statuses = new Map<number, number>();
    const underWay: Promise<void>[] = [];
    try {
      const ticks = every(LOUD_EVERY_MS, undefined, { signal })[Symbol.asyncIterator]();
      while ((await ticks.next()).done !== true) {
        underWay.push(call('ann', 'count__count', { endpoint: 'crowded' }).then(({ status }) => void statuses.set(status, (statuses.get(status) ?? 0) + 1)));
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
    await Promise.all(underWay);
    return statuses;
  }

  test('leaves the times of another at the same server as they are', { timeout: 60_000 }, async () => {
    const [alone, beside]: [number[], number[]] = [await quietCalls(), []];
    alone.length = 0;
    let [served, refused] = [0, 0];
    // Turn by turn, so that whatever else the machine does falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(...(await quietCalls()));
      const stopping = new AbortController();
      const loud = loudCalls(stopping.signal);
      beside.push(...(await quietCalls()));
      stopping.abort();
      const statuses = await loud;
      served += statuses.get(200) ?? 0;
      refused += statuses.get(429) ?? 0;
    }
    expect(served).toBeLessThan(refused);
    // The slowest calls are those during which this machine did something else.
    for (const part of [0.5, 0.75]) expect([part, quantile(beside, part) <= 1.2 * quantile(alone, part) + NOISE_MS, quantile(beside, part), quantile(alone, part)]).toEqual([part, true, expect.any(Number), expect.any(Number)]);
  });
});

function quantile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
