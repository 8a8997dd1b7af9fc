/** Faults of the disk and of the record on it, strict: no call without its intent. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { failingStart, type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { askAdmin } from './ask-admin.ts';
import { History, violations } from './history.ts';

const KEY = randomKey();
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-record-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function start(data: string, env: Readonly<Record<string, string>> = {}): Promise<RunningGateway> {
  const servers = { count: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' } };
  return startGateway({ data, env: { METAMCP_AUDIT: 'strict', ...env }, config: { servers, namespaces: { all: { servers: ['count'] } }, endpoints: { all: { namespace: 'all' } }, keys: { test: { value: KEY } } } });
}

const count = (gateway: RunningGateway, key: string): Promise<RawAnswer> => modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: 'count__count', arguments: { key } });
const counts = async (gateway: RunningGateway): Promise<Record<string, number>> => JSON.parse(textOf((await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: 'count__counts', arguments: {} })).message)) as Record<string, number>;

/** No file of the process may grow beyond so many bytes: each write fails, as on a disk without space. */
async function limitFiles(pid: number, bytes: number | 'unlimited'): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

test.skipIf(process.platform !== 'linux')('[F-23] [AU-02] while nothing can be written calls are refused and never sent, changes too, and all goes on once there is space', async () => {
  const history = new History(() => performance.now());
  const gateway = await start(await newFolder());
  undo.push(() => gateway.stop());
  let requests = 0;
  const ask = async (): Promise<RawAnswer> => {
    const intent = `k${++requests}`;
    const answer = await history.ask({ request: intent, principal: 'ann', timeoutMs: 5_000 }, () => count(gateway, intent), ({ status, message }) => ({ isError: status !== 200, text: JSON.stringify(message) }));
    if (answer.status === 200) history.add({ kind: 'intended', intent });
    return answer;
  };
  expect((await ask()).status).toBe(200);
  history.add({ kind: 'faultBegins' });
  await limitFiles(gateway.pid, 0);
  history.add({ kind: 'down', part: 'audit' });
  for (let round = 0; round < 10; round++) expect(await ask()).toMatchObject({ status: 503, message: { error: { code: -31_011, data: { outcome: 'not_executed', retryable: true } } } });
  const change = await askAdmin(gateway, 'POST', '/api/v1/keys', { name: 'unwritten' });
  expect(change.status).toBe(503);
  history.add({ kind: 'up', part: 'audit' });
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  await limitFiles(gateway.pid, 'unlimited');
  history.add({ kind: 'faultEnds' });
  await expect.poll(async () => (await ask()).status, { timeout: 10_000, interval: 100 }).toBe(200);
  for (const key of Object.keys(await counts(gateway))) history.add({ kind: 'arrived', intent: key });
  expect(violations(history.events)).toEqual([]);
  const { body } = await askAdmin(gateway, 'POST', '/api/v1/audit/verify', {});
  expect(body).toMatchObject({ isIntact: true, unknown: 0 });
  expect(gateway.stderr()).not.toMatch(/unhandled|uncaught/i);
}, 60_000);

test('[F-40] a record that was edited or cut while the gateway was down is told at the next start, with its place, or refuses it', async () => {
  const data = await newFolder();
  const first = await start(data);
  for (let round = 0; round < 30; round++) expect((await count(first, `k${round}`)).status).toBe(200);
  await first.stop();
  const file = (await readdir(data)).find((name) => /^audit-\d{4}-\d{2}\.db$/.test(name)) ?? '';
  const database = new Sqlite(join(data, file));
  for (const { name } of database.prepare("select name from sqlite_master where type = 'trigger'").all() as { readonly name: string }[]) database.exec(`drop trigger "${name}"`);
  const seq = 12;
  database.prepare("update record set text = replace(text, 'count', 'hoard') where seq = ?").run(seq);
  database.exec('delete from record where seq > 40; delete from checkpoint where seq > 40');
  database.close();
  const { code, stderr } = await failingStart(['--data', data], { METAMCP_AUDIT_ON_BROKEN: 'refuse' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/The record is not intact: edited at .*#12 /);
  const again = await start(data);
  undo.push(() => again.stop());
  await expect.poll(again.stderr, { timeout: 10_000 }).toMatch(/THE RECORD IS NOT INTACT \(chain_broken\): edited at .*#12 /);
  expect(again.stderr()).toContain('missing at');
  await expect.poll(async () => (await again.log()).filter(({ msg }) => msg === 'chain_broken').length).toBe(1);
  expect(await (await fetch(`${again.url}/metrics`)).text()).toMatch(/^metamcp_audit_broken\S* [1-9]/m);
  // It works on, and the gap stays visible.
  expect((await count(again, 'after')).status).toBe(200);
  expect((await askAdmin(again, 'POST', '/api/v1/audit/verify', {})).body).toMatchObject({ isIntact: false });
}, 60_000);
