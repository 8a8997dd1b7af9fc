/** `--workers`: one port, several processes, one instance; on a real PostgreSQL. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GATEWAY_FILE } from '../../src/contract/gateway-file.ts';
import { type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { openSession, type RawSession, textOf } from '../support/http-peer.ts';
import { descendants } from '../support/process-census.ts';
import { randomKey } from '../support/random-key.ts';
import { failingStart, type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { startPostgres, type TestPostgres } from '../support/start-postgres.ts';

const KEY = randomKey();
const WORKERS = 3;

let postgres: TestPostgres | undefined;
let counting: RunningFixture;
let gateway: RunningGateway;
let databaseUrl: string;

beforeAll(async () => {
  [postgres, counting] = await Promise.all([startPostgres(), startFixture('counting-server.ts')]);
  if (postgres === undefined) return;
  databaseUrl = await postgres.createDatabase();
  gateway = await startGateway({
    config: { servers: { count: { type: 'http', url: counting.url } }, namespaces: { all: { servers: ['count'] } }, endpoints: { dev: { namespace: 'all' } }, keys: { load: { value: KEY } } },
    args: ['--workers', String(WORKERS)],
    env: { DATABASE_URL: databaseUrl },
  });
}, 120_000);

afterAll(async () => {
  await gateway?.stop();
  await counting.stop();
  await postgres?.stop();
}, 60_000);

/** A connection for each request: they go to the workers in turn. */
const agent = new Agent({ pipelining: 0 });
const door = () => ({ url: gateway.mcp('dev'), key: KEY, agent });

function gatewayFile(): { readonly pid: number; readonly token: string } {
  return JSON.parse(readFileSync(join(gateway.data, GATEWAY_FILE), 'utf8')) as { pid: number; token: string };
}

async function workers(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const answer = await fetch(`${gateway.url}/api/v1/replicas`, { headers: { authorization: `Bearer ${gatewayFile().token}` } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { items: Record<string, unknown>[] }).items.filter((item) => item['status'] === 'alive');
}

async function count(session: RawSession, key: string): Promise<string> {
  const { status, message } = await session.request('tools/call', { name: 'count__count', arguments: { key } });
  return status === 200 ? textOf(message) : `${status}`;
}

/** Sessions that another worker could take over: they are written down a moment after they were opened. */
async function sessionsWritten(): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ count: string }>('select count(*) from shared_session');
  await client.end();
  return Number(rows[0]?.count);
}

async function parentOf(pid: number): Promise<number> {
  return Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('several workers are one instance on one port: each session is served whichever worker a connection comes to', async ({ skip }) => {
  if (postgres === undefined) return skip();
  await expect.poll(async () => (await workers()).length, { timeout: 30_000 }).toBe(WORKERS);
  const sessions = await Promise.all(Array.from({ length: 6 }, () => openSession(door())));
  await expect.poll(async () => (await workers()).filter((item) => Number(item['sessions']) > 0).length, { timeout: 10_000 }).toBeGreaterThan(1);
  for (const [index, session] of sessions.entries()) for (let call = 1; call <= 4; call++) expect(JSON.parse(await count(session, `s${index}`))).toEqual({ key: `s${index}`, count: call });
}, 60_000);

test('a worker that is killed is started anew, and its sessions go on with another', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const before = await sessionsWritten();
  const sessions = await Promise.all(Array.from({ length: 6 }, () => openSession(door())));
  await expect.poll(sessionsWritten, { timeout: 10_000 }).toBe(before + sessions.length);
  process.kill(gateway.pid, 'SIGKILL');
  for (const [index, session] of sessions.entries()) await expect.poll(() => count(session, `k${index}`), { timeout: 20_000 }).toContain(`"k${index}"`);
  await expect.poll(() => gatewayFile().pid, { timeout: 60_000 }).not.toBe(gateway.pid);
  await expect.poll(async () => (await workers()).length, { timeout: 60_000 }).toBe(WORKERS);
  expect(gateway.stderr()).toContain('worker 1 ended; it is started anew in 0.5 s');
}, 100_000);

test('all end together', async ({ skip }) => {
  if (postgres === undefined) return skip();
  const first = await parentOf(gatewayFile().pid);
  const all = [first, ...(await descendants(first))];
  expect(all.length).toBeGreaterThan(WORKERS);
  expect(await gateway.stop()).toBe(0);
  await expect.poll(() => all.filter(isRunning), { timeout: 5_000 }).toEqual([]);
}, 60_000);

test('without PostgreSQL there is one worker only', async () => {
  const { code, stderr } = await failingStart(['--workers', '2']);
  expect(code).toBe(1);
  expect(stderr).toContain('several workers need one PostgreSQL: set DATABASE_URL');
});
