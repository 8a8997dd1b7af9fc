/** Faults of what two gateways share: PostgreSQL for all that lasts, Redis for the counters of limits. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { listen, modernRequest, openSession, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { startPostgres, type TestPostgres } from '../support/start-postgres.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';
import { askAdmin, readinessOf } from './ask-admin.ts';
import { type FaultProxy, openFaultProxy } from './fault-proxy.ts';
import { History, violations } from './history.ts';
import { SEED, seeded } from './seed.ts';

const KEY = randomKey();
const LIMIT = 20;
/** In place of a minute. */
const PATIENCE_MS = 4_000;
const CALL_TIMEOUT_MS = 15_000;
let postgres: TestPostgres | undefined;
let redis: TestRedis | undefined;
let database = '';
let folder = '';
/** Between the second gateway and PostgreSQL. */
let proxy: FaultProxy;
let one: RunningGateway;
let two: RunningGateway;
let twoStartedMs = 0;
let history = new History(() => performance.now());

async function start(name: string, env: Readonly<Record<string, string>> = {}, config?: object): Promise<RunningGateway> {
  const shared = { DATABASE_URL: database, REDIS_URL: redis?.url ?? '', METAMCP_DATABASE_PATIENCE_MS: String(PATIENCE_MS) };
  return startGateway({ data: join(folder, name), env: { ...shared, ...env }, ...(config && { config }) });
}

/** Strict: it records each call in PostgreSQL before it makes it. */
const startTwo = (): Promise<RunningGateway> => start('two', { DATABASE_URL: proxy.through(database), METAMCP_AUDIT: 'strict' });

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  if (postgres?.restart === undefined || redis?.kill === undefined) return;
  database = await postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'metamcp-stores-'));
  proxy = await openFaultProxy(database, seeded(SEED));
  const limits = [{ scope: 'client', by: 'key', max: LIMIT, seconds: 3_600 }];
  one = await start('one', {}, {
    servers: { count: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' } },
    namespaces: { all: { servers: ['count'] } },
    endpoints: { all: { namespace: 'all' }, limited: { namespace: 'all', limits } },
    keys: { test: { value: KEY } },
  });
  // Replicas have the same instance key.
  await mkdir(join(folder, 'two'));
  await copyFile(join(folder, 'one', 'instance.key'), join(folder, 'two', 'instance.key'));
  two = await startTwo();
  twoStartedMs = performance.now();
}, 120_000);
afterAll(async () => {
  for (const gateway of [one, two]) {
    const said = gateway?.stderr().slice(-2_000);
    if ((await gateway?.stop()) !== 0) process.stderr.write(`a gateway did not end well: ${said}\n`);
  }
  proxy?.stop();
  await redis?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(checkAnew);

/** What happened by now is judged; what comes is a new history. */
function checkAnew(): void {
  const { events } = history;
  history = new History(() => performance.now());
  expect(violations(events)).toEqual([]);
}

let requests = 0;
async function call(gateway: RunningGateway, { key = KEY, endpoint = 'all', agent, name = 'count' }: { readonly key?: string; readonly endpoint?: string; readonly agent?: Agent; readonly name?: string } = {}): Promise<RawAnswer> {
  const request = `r${++requests}`;
  const read = ({ status, message }: RawAnswer) => ({ isError: status !== 200 || message.error !== undefined, text: JSON.stringify(message) });
  return history.ask({ request, principal: key, timeoutMs: CALL_TIMEOUT_MS }, () => modernRequest({ url: gateway.mcp(endpoint), key, ...(agent && { agent }) }, 'tools/call', { name: `count__${name}`, arguments: name === 'count' ? { key: request } : {} }), read);
}

async function makeKey(name: string): Promise<{ readonly id: string; readonly value: string }> {
  const { status, body } = await askAdmin(one, 'POST', '/api/v1/keys', { name });
  expect(status).toBe(201);
  return { id: String(body['id']), value: String(body['value']) };
}

/** What the fault before left behind is over. */
async function bothReady(): Promise<void> {
  for (const gateway of [one, two]) await expect.poll(() => readinessOf(gateway), { timeout: 20_000, interval: 200 }).toMatchObject({ code: 200 });
}

const statusOf = async (answer: Promise<RawAnswer>): Promise<number> => (await answer).status;
const reasonOf = async (answer: Promise<RawAnswer>): Promise<unknown> => (await answer).message.error?.code;

test('[F-21] a database that answers nobody costs who asks it a second or the time of a statement, and calls nothing', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const locker = new pg.Client({ connectionString: database });
  await locker.connect();
  await locker.query('begin; lock table secret in access exclusive mode');
  const asked = Promise.all(Array.from({ length: 40 }, () => askAdmin(one, 'GET', '/api/v1/secrets')));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const startedMs = performance.now();
  expect(await statusOf(call(one))).toBe(200);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  const answers = await asked;
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  // Ten have a connection and wait for their statement; the others wait a second for a connection.
  expect(answers.filter(({ tookMs }) => tookMs < 2_500).length).toBeGreaterThanOrEqual(29);
  expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(8_000);
  await locker.query('rollback');
  await locker.end();
  await expect.poll(async () => (await askAdmin(one, 'GET', '/api/v1/secrets')).status, { timeout: 10_000, interval: 200 }).toBe(200);
}, 40_000);

test('[F-22] without Redis calls and sessions go on, limits hold by share, and what one gateway revokes is refused by the other within five seconds', async ({ skip }) => {
  if (redis?.kill === undefined || postgres === undefined) return skip();
  await bothReady();
  const session = await openSession({ url: one.mcp('all'), key: KEY });
  // Each knows of the other within five seconds, and so its share.
  await expect.poll(() => performance.now() - twoStartedMs, { timeout: 10_000 }).toBeGreaterThan(6_000);
  await redis.kill();
  expect(await statusOf(call(one))).toBe(200);
  expect((await session.request('tools/call', { name: 'count__counts', arguments: {} })).message.result).toBeDefined();
  // Sessions live where they began.
  await expect(openSession({ url: two.mcp('all'), key: KEY }).then(({ id }) => id)).resolves.not.toBe(session.id);
  expect((await modernRequest({ url: two.mcp('all'), key: KEY }, 'tools/list')).status).toBe(200);
  // The rate is that of one endpoint: a history of its own.
  checkAnew();
  history.add({ kind: 'limited', max: LIMIT, seconds: 3_600 });
  const statuses = await Promise.all(Array.from({ length: 3 * LIMIT }, (_, index) => statusOf(call(index % 2 === 0 ? one : two, { endpoint: 'limited' }))));
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  checkAnew();
  const { id, value } = await makeKey('revoked');
  await expect.poll(() => statusOf(call(two, { key: value })), { timeout: 5_000, interval: 100 }).toBe(200);
  expect((await askAdmin(one, 'DELETE', `/api/v1/keys/${id}`)).status).toBe(200);
  history.add({ kind: 'revoked', principal: value });
  expect(await statusOf(call(one, { key: value }))).toBe(401);
  await expect.poll(() => statusOf(call(two, { key: value })), { timeout: 5_000, interval: 100 }).toBe(401);
  await redis.start();
}, 60_000);

test('[F-29] a gateway that is cut off from the database is not ready within five seconds and makes no call, while the other goes on', async ({ skip }) => {
  if (postgres === undefined) return skip();
  await bothReady();
  history.add({ kind: 'faultBegins' });
  proxy.weather = { isPartitioned: true };
  history.add({ kind: 'down', part: 'audit' });
  try {
    const startedMs = performance.now();
    const unready = (async () => {
      await expect.poll(() => readinessOf(two), { timeout: 10_000, interval: 100 }).toMatchObject({ code: 503, store: 'failed' });
      return performance.now() - startedMs;
    })();
    const refused = await call(two);
    expect(refused.status).toBe(503);
    expect([-31_011, -31_014]).toContain(refused.message.error?.code);
    history.add({ kind: 'up', part: 'audit' });
    expect(await statusOf(call(one))).toBe(200);
    expect(await unready).toBeLessThan(5_000);
    // After its patience it trusts no credential, whatever the record says.
    await expect.poll(() => reasonOf(call(two)), { timeout: 15_000, interval: 200 }).toBe(-31_014);
  } finally {
    proxy.weather = {};
  }
  history.add({ kind: 'faultEnds' });
  await expect.poll(() => statusOf(call(two)), { timeout: 15_000, interval: 200 }).toBe(200);
  await expect.poll(() => readinessOf(two), { timeout: 10_000, interval: 100 }).toMatchObject({ code: 200 });
}, 60_000);

test('[F-20] without the database known keys open endpoints for a while, nothing else does, changes are refused, and all recovers by itself', async ({ skip }) => {
  if (postgres?.restart === undefined) return skip();
  await bothReady();
  const kept = await makeKey('acknowledged');
  history.add({ kind: 'acknowledged', change: kept.id });
  await postgres.restart.stop();
  const goneMs = performance.now();
  // Buffered: records wait in memory for the time of the patience. Strict: no call without its record.
  expect(await statusOf(call(one))).toBe(200);
  expect(await reasonOf(call(two))).toBe(-31_011);
  expect(await statusOf(call(one, { key: randomKey() }))).toBe(401);
  expect(await statusOf(call(one, { key: 'a'.repeat(43) }))).toBe(401);
  const write = await askAdmin(one, 'POST', '/api/v1/keys', { name: 'refused' });
  expect([write.status, write.tookMs < 3_000]).toEqual([503, true]);
  await expect.poll(() => readinessOf(one), { timeout: 5_000, interval: 100 }).toMatchObject({ code: 503, store: 'failed' });
  await expect.poll(() => reasonOf(call(one)), { timeout: 15_000, interval: 100 }).toBe(-31_014);
  expect(performance.now() - goneMs).toBeGreaterThan(PATIENCE_MS - 1_500);
  await postgres.restart.start();
  for (const gateway of [one, two]) await expect.poll(() => statusOf(call(gateway)), { timeout: 15_000, interval: 200 }).toBe(200);
  await bothReady();
  history.add({ kind: 'restarted' });
  const { body } = await askAdmin(one, 'GET', '/api/v1/keys');
  const names = (body['items'] as readonly { readonly id: string; readonly name: string }[]);
  for (const { id } of names) history.add({ kind: 'found', change: id });
  expect(names.map(({ name }) => name)).not.toContain('refused');
  expect((await askAdmin(one, 'POST', '/api/v1/keys', { name: 'afterwards' })).status).toBe(201);
  for (const gateway of [one, two]) expect((await askAdmin(gateway, 'POST', '/api/v1/audit/verify', {})).body).toMatchObject({ isIntact: true });
}, 90_000);

test('[F-27] two gateways that restart one after the other under load fail no call of a client that tries the other one', async ({ skip }) => {
  if (postgres === undefined) return skip();
  await bothReady();
  const agents = [0, 1].map(() => new Agent({ connections: 8, pipelining: 1 }));
  const gateways = [one, two];
  const down = [false, false];
  let isOver = false;
  let count = 0;
  let retried = 0;
  const counted = new Map<string, number>();
  const lane = async (index: number): Promise<void> => {
    for (let turn = index; !isOver; turn++) {
      for (let attempt = 0; ; attempt++) {
        const which = (turn + attempt) % 2;
        const gateway = gateways[which] as RunningGateway;
        // A client that saw it go does not try it for each call anew.
        if (down[which] === true) continue;
        const answer = await call(gateway, { agent: agents[which] as Agent, name: 'counts' }).catch(() => undefined);
        if (answer?.message.result !== undefined) break;
        retried++;
        counted.set(String(answer?.message.error?.code ?? 'closed'), (counted.get(String(answer?.message.error?.code ?? 'closed')) ?? 0) + 1);
        // What the client may not try elsewhere would be a failure.
        expect([undefined, 503]).toContain(answer?.status);
        expect(attempt).toBeLessThan(20);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      count++;
    }
  };
  const stream = await listen({ url: one.mcp('all'), key: KEY }, { toolsListChanged: true });
  const lanes = Promise.all(Array.from({ length: 8 }, (_, index) => lane(index)));
  const startedMs = performance.now();
  try {
    await expect.poll(() => count, { timeout: 10_000 }).toBeGreaterThan(100);
    for (const [index, again] of [() => start('one'), startTwo].entries()) {
      const former = gateways[index] as RunningGateway;
      expect(await former.stop()).toBe(0);
      down[index] = true;
      gateways[index] = await again();
      down[index] = false;
      [one, two] = gateways as [RunningGateway, RunningGateway];
      const before = count;
      await expect.poll(() => count, { timeout: 10_000 }).toBeGreaterThan(before + 100);
    }
  } finally {
    isOver = true;
    await lanes;
  }
  process.stderr.write(`rolling restart: ${count} calls, ${Math.round((count * 1_000) / (performance.now() - startedMs))}/s, ${retried} tried again ${JSON.stringify([...counted])}\n`);
  expect(stream.messages().at(-1)).toMatchObject({ id: 'listen', result: {} });
  for (const agent of agents) await agent.destroy();
  expect(textOf((await call(one)).message)).toContain('"count":1');
}, 120_000);
