/** Workflows through the real gateway: in the configuration file, with approvals and limits, and killed by SIGKILL. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RpcMessage } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';
import { TestBrowser } from '../support/test-browser.ts';

type Facts = Readonly<Record<string, unknown>>;

const KEY = randomKey();
let folder: string;
let gateway: RunningGateway;

const count = (key: unknown) => ({ tool: 'count__count', arguments: { key } });
const outer = { endpoint: 'all', steps: [{ id: 'a', tool: 'flows__guarded', arguments: {} }] };
const guarded = {
  endpoint: 'all',
  steps: [
    { id: 'first', ...count('first'), compensate: count('undo-first') },
    { id: 'risky', ...count({ $from: '$.item' }), map: { over: '$.inputs.keys', concurrency: 1 }, needs: ['first'] },
    { id: 'aside', ...count('aside'), needs: ['first'] },
    { id: 'last', ...count('last'), needs: ['risky'] },
  ],
  inputs: { type: 'object', properties: { keys: { type: 'array', items: { type: 'string' }, default: [] } } },
};
const PLACES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const undone = (id: string, more: object) => ({ id, ...count(id), compensate: count(`undo-${id}`), onUnknown: 'compensate', ...more });
const long = {
  endpoint: 'all',
  steps: [
    ...PLACES.map((id, at) => undone(id, { needs: PLACES.slice(Math.max(0, at - 1), at), arguments: { key: id, delayMs: 20 } })),
    { id: 'fan', needs: ['h'], tool: 'count__count', arguments: { key: { $from: '$.item' }, delayMs: 10 }, map: { over: '$.inputs.keys', concurrency: 7 }, onUnknown: 'compensate', compensate: { tool: 'count__count', arguments: { key: { $from: '$.result.key' } } } },
    { id: 'end', needs: ['fan'], ...count('end') },
  ],
};
const base = () => ({
  servers: { count: fixtureCommand('counting-server.ts', '--stdio', '--journal', join(folder, 'journal')), flows: { type: 'workflows' } },
  policies: { ask: { rules: [{ name: 'a-person', effect: 'approve', what: { names: ['count'] }, arguments: [{ at: '/key', matches: '^risky' }] }] } },
  namespaces: { all: { servers: ['count', 'flows'], policies: ['ask'] } },
  endpoints: { all: { namespace: 'all' } },
  keys: { ann: { value: KEY } },
  workflows: { guarded, outer, long },
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workflow-runs-'));
});
afterEach(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true });
});

async function admin(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Facts }> {
  const { url, token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { url: string; token: string };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body === undefined ? null : JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Facts };
}

const call = async (tool: string, args: object): Promise<RpcMessage> => (await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: tool, arguments: args })).message;
const structured = (message: RpcMessage): Facts => ((message.result as { structuredContent?: Facts } | undefined)?.structuredContent ?? {});
const runOf = async (id: unknown): Promise<Facts> => (await admin('GET', `/workflow-runs/${String(id)}`)).body;
const pending = async (): Promise<{ readonly id: string; readonly arguments: Facts }[]> => (await admin('GET', '/approvals?state=pending')).body['items'] as { id: string; arguments: Facts }[];

/** How often each key was counted, by any process. */
function journal(): Map<string, number> {
  const lines = existsSync(join(folder, 'journal')) ? readFileSync(join(folder, 'journal'), 'utf8').trimEnd().split('\n') : [];
  return new Map([...Map.groupBy(lines.filter((line) => line !== ''), (line) => line)].map(([key, all]) => [key, all.length]));
}

test('a workflow of the configuration file is a tool, is exported, and applying the export changes nothing', async () => {
  gateway = await startGateway({ config: base() });
  expect(structured(await call('flows__guarded', { keys: ['x'] }))).toMatchObject({ status: 'done' });
  const target = ['--data', gateway.data];
  const exported = await runMetamcp(['export', '--format', 'json', ...target]);
  expect(JSON.parse(exported.stdout)).toMatchObject({ workflows: { guarded: { endpoint: 'all', steps: [{ id: 'first' }, { id: 'risky' }, { id: 'aside' }, { id: 'last' }] } } });
  await writeFile(join(folder, 'export.json'), exported.stdout);
  const plan = await admin('POST', '/config/plan', { text: exported.stdout });
  expect([plan.status, plan.body['items'] ?? plan.body]).toEqual([200, []]);
  expect((await admin('PUT', '/workflows/guarded', { definition: guarded, public: true })).body).toMatchObject({ reason: 'owned_by_file' });
  await gateway.reconfigure({ ...base(), workflows: { long, guarded: { ...guarded, endpoint: 'al' } } });
  await expect.poll(() => gateway.stderr(), { timeout: 10_000 }).toContain('workflows.guarded.endpoint');
  await gateway.reconfigure({ ...base(), workflows: { long } });
  await expect.poll(async () => ((await admin('GET', '/workflows')).body['items'] as { name: string }[]).map(({ name }) => name), { timeout: 10_000 }).toEqual(['long']);
}, 60_000);

test('steps that a person must approve wait, the rest goes on, and the run ends once all are approved, also over SIGKILL', async () => {
  gateway = await startGateway({ config: base() });
  const first = structured(await call('flows__guarded', { keys: ['risky-1', 'fine', 'risky-2'] }));
  expect(first).toMatchObject({ status: 'waiting', reason: expect.stringContaining('/approve/') });
  expect([...journal().keys()].toSorted()).toEqual(['aside', 'fine', 'first']);
  const { data } = gateway;
  await gateway.kill();
  gateway = await startGateway({ config: base(), data });
  const asked = await pending();
  expect(asked.map((one) => one.arguments['key']).toSorted()).toEqual(['risky-1', 'risky-2']);
  for (const { id } of asked) {
    expect((await runOf(first['run_id']))['status']).not.toBe('done');
    await admin('POST', `/approvals/${id}/approve`, {});
  }
  await expect.poll(async () => (await runOf(first['run_id']))['status'], { timeout: 15_000 }).toBe('done');
  expect(Object.fromEntries(journal())).toEqual({ first: 1, aside: 1, fine: 1, 'risky-1': 1, 'risky-2': 1, last: 1 });
}, 60_000);

test('a step that a person denies fails the run, and what was done is undone', async () => {
  gateway = await startGateway({ config: base() });
  const { run_id: run } = structured(await call('flows__guarded', { keys: ['risky-3'] }));
  const [asked] = await pending();
  await admin('POST', `/approvals/${asked?.id ?? ''}/deny`, { reason: 'no' });
  await expect.poll(async () => (await runOf(run))['status'], { timeout: 15_000 }).toBe('compensated');
  expect(await runOf(run)).toMatchObject({ reason: expect.stringContaining('denied') });
  expect(journal().get('undo-first')).toBe(1);
  expect(journal().has('last')).toBe(false);
}, 60_000);

test('[AZ-16] whoever loses its role while a run of theirs waits has nothing more done by it', async () => {
  const config = base();
  gateway = await startGateway({ config: { ...config, endpoints: { all: { namespace: 'all', auth: { apiKey: true } } } } });
  const invitation = (await admin('POST', '/invitations', { role: 'admin', email: 'ada@example.com' })).body;
  const ada = new TestBrowser(gateway.url);
  const joined = await ada.ask('POST', '/api/v1/links/redeem', { body: { token: new URL(String(invitation['link'])).hash.slice(1), password: 'correct horse battery' } });
  const run = (await ada.ask('POST', '/api/v1/workflows/guarded/runs', { body: { inputs: { keys: ['risky-4'] } } })).body;
  await expect.poll(async () => (await runOf(run['id']))['status'], { timeout: 15_000 }).toBe('waiting');
  expect([...journal().keys()].toSorted()).toEqual(['aside', 'first']);
  const { id } = joined.body['user'] as { id: string };
  expect((await admin('PATCH', `/users/${id}`, { role: 'member' })).status).toBe(200);
  const [asked] = await pending();
  expect((await admin('POST', `/approvals/${asked?.id ?? ''}/approve`, {})).status).toBe(200);
  await expect.poll(async () => (await runOf(run['id']))['reason'], { timeout: 15_000 }).toMatch(/risky\[0\].*Unknown tool.*not undone: first/);
  expect([...journal().keys()].toSorted()).toEqual(['aside', 'first']);
}, 60_000);

test('every step counts for the budgets that hold for other calls, and one that is over ends the run', async () => {
  gateway = await startGateway({ config: { ...base(), policies: {}, namespaces: { all: { servers: ['count', 'flows'] } }, limits: { month: { kind: 'budget', scope: 'endpoint', unit: 'money', max: 4, per: 'month' } }, prices: { each: { perCall: 1 } } } });
  const told = structured(await call('flows__guarded', { keys: ['k1', 'k2', 'k3', 'k4'] }));
  // There is nothing left for undoing it either: that is told, and waits for a person.
  expect(told).toMatchObject({ status: 'waiting', reason: expect.stringMatching(/busy.*not undone: first/) });
  const { body } = await admin('GET', '/workflow-runs');
  expect((body['items'] as Facts[])[0]).toMatchObject({ workflow: 'guarded', status: 'waiting' });
  expect([...journal().values()].reduce((sum, times) => sum + times, 0)).toBe(4);
}, 60_000);

test('a workflow that calls another one goes on after a restart in which its principal did not ask', async () => {
  gateway = await startGateway({ config: base() });
  const { body } = await admin('POST', '/workflows/outer/runs', {});
  await expect.poll(async () => (await runOf(body['id']))['status'], { timeout: 15_000 }).toBe('done');
  const inner = ((await admin('GET', '/workflow-runs?workflow=guarded')).body['items'] as Facts[])[0];
  expect(inner).toMatchObject({ status: 'done', principal: body['principal'] });
}, 60_000);

test.each([1, 5, 9, 30, 57])('killed by SIGKILL after %i effects, and again while it undoes, no effect is doubled, and all are there or undone', async (effects) => {
  gateway = await startGateway({ config: base() });
  const keys = Array.from({ length: 50 }, (_, at) => `item-${at}`);
  const { body } = await admin('POST', '/workflows/long/runs', { inputs: { keys } });
  const { data } = gateway;
  await expect.poll(() => journal().size, { timeout: 20_000, interval: 2 }).toBeGreaterThanOrEqual(effects);
  await gateway.kill();
  const killedAt = journal().size;
  gateway = await startGateway({ config: base(), data });
  await expect.poll(async () => journal().size > killedAt + 2 || (await runOf(body['id']))['status'] !== 'running', { timeout: 20_000, interval: 2 }).toBe(true);
  await gateway.kill();
  gateway = await startGateway({ config: base(), data });
  await expect.poll(async () => (await runOf(body['id']))['status'], { timeout: 30_000 }).not.toBe('running');
  const { status, reason, steps } = (await runOf(body['id'])) as { status: string; reason: string; steps: { key: string; status: string }[] };
  process.stderr.write(`killed after ${killedAt} effects: ${status}\n`);
  const single = [...journal()].filter(([key]) => !key.startsWith('item-'));
  expect(single.filter(([, times]) => times !== 1)).toEqual([]);
  // Undoing an item counts its key a second time.
  expect([...journal()].filter(([, times]) => times > 2)).toEqual([]);
  expect(['done', 'compensated', 'waiting']).toContain(status);
  if (status === 'done') expect([...journal()].filter(([, times]) => times !== 1)).toEqual([]);
  // What may or may not have been undone when the process died is left to a person, and told by name.
  const told = steps.filter((step) => step.key.endsWith('~') && step.status === 'started').map((step) => step.key.slice(0, -1));
  for (const key of told) expect(reason).toContain(`${key} (it may be)`);
  if (status !== 'done') for (const id of PLACES.filter((place) => journal().has(place) && !told.includes(place))) expect(journal().get(`undo-${id}`)).toBe(1);
}, 120_000);
