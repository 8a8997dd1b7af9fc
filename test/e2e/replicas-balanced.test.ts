/** Gateways behind a real nginx, without stickiness, under load: one is killed, one is stopped and another started. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { runServerSuite } from '../conformance/run.ts';
import { type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { modernRequest, openSession, post, type RawAnswer, type RawSession } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { startNginx, type TestNginx } from '../support/start-nginx.ts';
import { openReplicas, type RunningReplica, type RunningReplicas } from '../support/start-replicas.ts';

const KEY = randomKey();
/** The long form: REPLICAS_LOAD_MS=600000, with a gateway replaced every minute. */
const LOAD_MS = Number(process.env['REPLICAS_LOAD_MS'] ?? 3_000);
const ROUND_MS = 60_000;
const ROUNDS = Math.max(1, Math.floor(LOAD_MS / ROUND_MS));
const RETRY_MS = 100;
const SESSIONS = 12;
const MODERN_CLIENTS = 4;
const LIMIT = 60;

let replicas: RunningReplicas | undefined;
let counting: RunningFixture;
let conformance: RunningFixture;
let nginx: TestNginx | undefined;
let publicUrl = '';
const folder = mkdtempSync(join(tmpdir(), 'metamcp-balanced-'));
const journal = join(folder, 'journal');
const running: RunningReplica[] = [];
const agent = new Agent({ connections: 64, pipelining: 1 });

beforeAll(async () => {
  [counting, conformance] = await Promise.all([startFixture('counting-server.ts', '--journal', journal), startFixture('conformance-server.ts', '--era', 'legacy')]);
  replicas = await openReplicas({
    servers: { count: { type: 'http', url: counting.url }, conf: { type: 'http', url: conformance.url } },
    namespaces: { all: { servers: ['count'] }, conf: { servers: ['conf'], names: { prefix: 'none' } } },
    endpoints: { conf: { namespace: 'conf', auth: { apiKey: false } }, dev: { namespace: 'all' }, few: { namespace: 'all', limits: [{ scope: 'client', by: 'key', max: LIMIT, seconds: 3_600 }] } },
    keys: { load: { value: KEY } },
  });
  const { start } = replicas ?? {};
  if (start === undefined) return;
  // Clients name the balancer's port, so the gateways must know it before it knows theirs.
  nginx = await startNginx([9]);
  publicUrl = nginx?.url ?? '';
  running.push(...(await Promise.all(['one', 'two', 'three'].map((name) => start(name, { METAMCP_PUBLIC_URL: publicUrl })))));
  nginx?.reload(running.map(portOf));
  if (nginx !== undefined) await vi.waitFor(async () => expect((await fetch(`${publicUrl}/health`)).status).toBe(200), { timeout: 10_000 });
}, 120_000);

afterAll(async () => {
  await agent.close();
  await nginx?.stop();
  await replicas?.stop();
  await counting.stop();
  await conformance.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function portOf({ url }: RunningReplica): number {
  return Number(new URL(url).port);
}

const door = (endpoint = 'dev') => ({ url: `${nginx?.url ?? ''}/metamcp/${endpoint}/mcp`, key: KEY, agent });

/** What came of the calls of one client. */
interface Tally {
  readonly counted: string[];
  readonly unknown: string[];
  /** Of repeatable requests, after one repetition. */
  readonly failed: string[];
  requests: number;
}

type Send = (method: string, params: Record<string, unknown>) => Promise<RawAnswer>;

async function attempt(send: Send, method: string, params: Record<string, unknown>): Promise<string> {
  try {
    const { status, message } = await send(method, params);
    return status === 200 && message.result !== undefined ? 'ok' : `${status} ${JSON.stringify(message.error ?? null)}`;
  } catch (thrown) {
    return String(thrown);
  }
}

/** A client that lists, which may be repeated once, and counts, which may not be. */
async function client(name: string, send: Send, tally: Tally, until: () => boolean): Promise<void> {
  for (let number = 0; !until(); number++) {
    tally.requests += 2;
    const first = await attempt(send, 'tools/list', {});
    const second = first === 'ok' ? first : await afterAMoment(() => attempt(send, 'tools/list', {}));
    if (second !== 'ok') tally.failed.push(`${name}: ${first}, then ${second}`);
    const key = `${name}-${number}`;
    ((await attempt(send, 'tools/call', { name: 'count__count', arguments: { key } })) === 'ok' ? tally.counted : tally.unknown).push(key);
  }
}

/** A client that is told that a connection broke does not come back within the same millisecond. */
async function afterAMoment<Result>(work: () => Promise<Result>): Promise<Result> {
  await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  return work();
}

async function underLoad(sessions: readonly RawSession[], disturb: () => Promise<void>): Promise<Tally> {
  const tally: Tally = { counted: [], unknown: [], failed: [], requests: 0 };
  let isOver = false;
  const label = Math.random().toString(36).slice(2, 8);
  const clients = [
    ...sessions.map((session, index) => client(`${label}-legacy${index}`, (method, params) => post(door(), { jsonrpc: '2.0', id: 1, method, params }, session.headers), tally, () => isOver)),
    ...Array.from({ length: MODERN_CLIENTS }, (_, index) => client(`${label}-modern${index}`, (method, params) => modernRequest(door(), method, params), tally, () => isOver)),
  ];
  const ending = new Promise<void>((resolve) => setTimeout(resolve, LOAD_MS));
  await Promise.all([disturb(), ending]);
  isOver = true;
  await Promise.all(clients);
  return tally;
}

/** How often the target was told to count each key. */
function executions(): Map<string, number> {
  const times = new Map<string, number>();
  for (const key of readFileSync(journal, 'utf8').split('\n').filter(Boolean)) times.set(key, (times.get(key) ?? 0) + 1);
  return times;
}

function expectOnce({ counted, unknown, failed, requests }: Tally, what: string): void {
  const times = executions();
  process.stderr.write(`${what}: ${requests} requests, ${unknown.length} calls whose end is not known, ${failed.length} failed\n`);
  expect(failed).toEqual([]);
  expect(counted.filter((key) => times.get(key) !== 1)).toEqual([]);
  expect(unknown.filter((key) => (times.get(key) ?? 0) > 1)).toEqual([]);
}

test.each(['2025-11-25', '2026-07-28'] as const)('[RP-02] a client of %s gets from three gateways what it gets from one, whichever its requests reach', async (requirements) => {
  if (replicas === undefined || nginx === undefined) return;
  const expected = parse(readFileSync(new URL('../conformance/expected-failures.yaml', import.meta.url), 'utf8')) as Record<string, Record<string, string>>;
  const explained = Object.keys(expected[`http-legacy ${requirements}`] ?? {}).filter((key) => !key.includes(':'));
  const { failed, passed } = await runServerSuite({ url: door('conf').url, requirements, timeoutMs: 8_000 });
  expect(failed.toSorted()).toEqual(explained.toSorted());
  expect(passed.length).toBeGreaterThan(25);
}, 120_000);

test('[RP-02] [RP-03] one of three is killed under load: what may be repeated succeeds, nothing is executed twice, sessions go on', async ({ skip }) => {
  if (replicas === undefined || nginx === undefined) return skip();
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => openSession(door())));
  const victim = running.shift();
  const tally = await underLoad(sessions, async () => {
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS / 3));
    await victim?.kill();
  });
  expectOnce(tally, 'killed');
  const after = await Promise.all(sessions.map((session) => post(door(), { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers)));
  expect(after.map(({ status }) => status)).toEqual(sessions.map(() => 200));
}, 60_000 + 2 * LOAD_MS);

test('[RP-03] one of two is replaced under load, and no request fails that is repeated once', async ({ skip }) => {
  if (replicas === undefined || nginx === undefined) return skip();
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => openSession(door())));
  const { start } = replicas;
  const balancer = nginx;
  const tally = await underLoad(sessions, async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const untilMs = performance.now() + ROUND_MS;
      const fresh = await start(`fresh${round}`, { METAMCP_PUBLIC_URL: publicUrl });
      const [old, ...others] = running.splice(0);
      running.push(...others, fresh);
      balancer.reload(running.map(portOf));
      expect(await old?.stop()).toBe(0);
      if (round < ROUNDS) await new Promise((resolve) => setTimeout(resolve, untilMs - performance.now()));
    }
  });
  expectOnce(tally, `replaced ${ROUNDS} times`);
}, 60_000 + 2 * LOAD_MS);

test('[RL-08] behind the balancer all together let through what one would', async ({ skip }) => {
  if (replicas === undefined || nginx === undefined) return skip();
  const answers = await Promise.all(Array.from({ length: 2 * LIMIT }, () => modernRequest(door('few'), 'tools/list')));
  const passed = answers.filter(({ status }) => status === 200).length;
  expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
  expect(passed).toBeGreaterThanOrEqual(LIMIT);
  // On a machine that stands still the store counts as down, and each gateway has its share: another matter.
  const logs = await Promise.all(running.map((gateway) => gateway.log()));
  if (logs.flat().some(({ msg }) => String(msg).startsWith('shared store down'))) return skip();
  expect(passed).toBeLessThanOrEqual(LIMIT * 1.05);
});
