/** The record of the real process: what of it survives, and what must never be in it. */
import { hash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openInstanceKey } from '../../src/auth/instance-key.ts';
import { createKeyedDigest } from '../../src/base/keyed-digest.ts';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, post } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** The load goes on until so many calls are answered, and so long. */
const ANSWERED = 200;
const LOAD_MS = 3_000;
const LOAD_MS_MAX = 20_000;
/** The interval of writing, with the time of a write on a busy machine. */
const LOST_MS_MAX = 1_500;
const SENDERS = 16;
/** A call that is under way whenever the end comes; the others may all have just been answered. */
const HELD = { key: 'held', delayMs: 60_000 };

interface Audited {
  readonly kind: string;
  readonly callId: string;
  readonly argumentsDigest: string | null;
  readonly tool: string | null;
}

async function admin(gateway: RunningGateway, method: string, path: string, body?: object): Promise<{ readonly text: string; readonly body: Record<string, unknown> }> {
  const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const answer = await fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  return { text, body: text.startsWith('{') && !text.includes('\n') ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

async function recordsOf(gateway: RunningGateway): Promise<Audited[]> {
  const { text } = await admin(gateway, 'GET', '/api/v1/audit/export?tool=count');
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Audited);
}

interface Crashed {
  /** The same data folder, started again. */
  readonly gateway: RunningGateway;
  /** Keys that the server counted, in order, with when each was sent and the moment of the end, milliseconds. */
  readonly counted: readonly { readonly key: string; readonly sentMs: number }[];
  readonly killedMs: number;
}

/** Calls without pause to a server that counts, then `kill -9`, then a new start. */
async function crashUnderLoad(args: readonly string[]): Promise<Crashed> {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-crash-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const key = randomKey();
  const journal = join(folder, 'counted');
  const options = {
    data: join(folder, 'data'),
    args,
    config: { servers: { count: fixtureCommand('counting-server.ts', '--stdio', '--journal', journal) }, namespaces: { all: { servers: ['count'] } }, endpoints: { all: { namespace: 'all' } }, keys: { load: { value: key } } },
  };
  const first = await startGateway(options);
  const sent = new Map<string, number>();
  let isOver = false;
  let answered = 0;
  const send = async (sender: number): Promise<void> => {
    for (let index = 0; !isOver; index++) {
      const name = `k${sender}-${index}`;
      sent.set(name, performance.now());
      await modernRequest({ url: first.mcp('all'), key }, 'tools/call', { name: 'count__count', arguments: { key: name } }).then(
        () => answered++,
        () => undefined,
      );
    }
  };
  sent.set(HELD.key, performance.now());
  const held = modernRequest({ url: first.mcp('all'), key }, 'tools/call', { name: 'count__count', arguments: HELD }).catch(() => undefined);
  const load = Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender)));
  const startedMs = performance.now();
  const hasEnough = (): boolean => performance.now() - startedMs > (answered >= ANSWERED ? LOAD_MS : LOAD_MS_MAX);
  while (!hasEnough()) await new Promise((resolve) => setImmediate(resolve));
  const killedMs = performance.now();
  await first.kill();
  isOver = true;
  await Promise.all([load, held]);
  const gateway = await startGateway(options);
  undo.push(() => gateway.stop());
  const counted = (await readFile(journal, 'utf8')).split('\n').filter((name) => name !== '');
  return { gateway, killedMs, counted: counted.map((name) => ({ key: name, sentMs: sent.get(name) ?? Number.NaN })) };
}

function missingFrom(records: readonly Audited[], { counted, gateway }: Crashed): readonly { readonly key: string; readonly sentMs: number }[] {
  const known = new Set(records.filter(({ kind }) => kind === 'intent' || kind === 'call').map(({ argumentsDigest }) => argumentsDigest));
  const digest = createKeyedDigest(openInstanceKey(gateway.data, randomBytes).digesting);
  return counted.filter(({ key }) => !known.has(digest(JSON.stringify(key === HELD.key ? HELD : { key }))));
}

test('[AU-01] [AU-02] kill -9 under load, strict: every call that the server counted has its intent, and each intent an end', async () => {
  const crashed = await crashUnderLoad(['--audit', 'strict']);
  const records = await recordsOf(crashed.gateway);
  expect(crashed.counted.length).toBeGreaterThan(50);
  expect(missingFrom(records, crashed)).toEqual([]);
  const { body } = await admin(crashed.gateway, 'POST', '/api/v1/audit/verify', {});
  expect([body['isIntact'], body['findings']]).toEqual([true, []]);
  expect(body['intents']).toBe(Number(body['outcomes']) + Number(body['unknown']));
  expect(Number(body['unknown'])).toBeGreaterThan(0);
}, 60_000);

test('[AU-01] kill -9 under load, buffered: at most what was sent in the last interval is missing, and the chain is intact', async () => {
  const crashed = await crashUnderLoad([]);
  const records = await recordsOf(crashed.gateway);
  expect(crashed.counted.length).toBeGreaterThan(100);
  for (const { sentMs } of missingFrom(records, crashed)) expect(crashed.killedMs - sentMs).toBeLessThan(LOST_MS_MAX);
  const { body } = await admin(crashed.gateway, 'POST', '/api/v1/audit/verify', {});
  expect([body['isIntact'], body['findings']]).toEqual([true, []]);
  expect(body['intents']).toBe(Number(body['outcomes']) + Number(body['unknown']));
  const cli = await runMetamcp(['audit', 'verify', '--data', crashed.gateway.data, '--public-key', join(crashed.gateway.data, 'audit-public-key.pem')]);
  expect([cli.code, cli.stdout]).toEqual([0, expect.stringContaining('The record is intact.')]);
  const found = await runMetamcp(['audit', 'search', '--data', crashed.gateway.data, '--tool', 'count', '--limit', '3']);
  expect([found.code, found.stdout.split('\n').length]).toEqual([0, 5]);
}, 60_000);

test('[DL-03] [AU-05] secrets in fourteen places are in no sink: record, traffic, export, log, files', async () => {
  let count = 0;
  // Shaped like the real ones, each another, opening nothing.
  const shaped = (): string => `ghp_${hash('sha256', `canary ${++count} ${process.pid}`).slice(0, 36)}`;
  const random = (): string => hash('sha256', `canary ${++count} ${process.pid}`, 'base64url').slice(0, 24);
  const key = randomKey();
  const canaries: Record<string, string> = { 'valid key': key };
  const canary = (place: string, value = shaped()): string => (canaries[place] = value);
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-canary-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const environment = canary('environment of the server, as its result shows it');
  const gateway = await startGateway({
    data: join(folder, 'data'),
    args: ['--audit-results', '--log-level', 'none'],
    config: {
      servers: { count: { ...fixtureCommand('counting-server.ts', '--stdio'), env: { CANARY_TOKEN: environment } } },
      namespaces: { all: { servers: ['count'] } },
      endpoints: { all: { namespace: 'all' } },
      keys: { ann: { value: key } },
    },
  });
  undo.push(() => gateway.stop());
  const peer = { url: gateway.mcp('all'), key };
  const live = new AbortController();
  const token = (JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string }).token;
  const feed = await fetch(`${gateway.url}/api/v1/traffic/live`, { headers: { authorization: `Bearer ${token}` }, signal: live.signal });
  let told = '';
  const listening = (async () => {
    for await (const chunk of feed.body?.pipeThrough(new TextDecoderStream()) ?? []) told += chunk;
  })().catch(() => undefined);
  const behindBase64 = canary('behind base64');
  const behindUrl = canary('behind URL encoding');
  const given = {
    password: canary('member named password', random()),
    nested: { list: [{ api_key: canary('nested member', random()) }] },
    note: `use ${canary('free text')} please`,
    encoded: Buffer.from(`token ${behindBase64}`).toString('base64'),
    address: `https://x.example/?q=${[...behindUrl].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')}`,
  };
  canary('encoded text itself', given.encoded);
  const answered = await modernRequest(peer, 'tools/call', { name: 'count__canary', arguments: given, _meta: { 'x.example/trace': canary('_meta') } });
  expect(JSON.stringify(answered.message.result)).toContain(environment);
  await modernRequest(peer, 'tools/call', { name: `count__${canary('name of an unknown tool')}`, arguments: {} });
  await modernRequest(peer, 'resources/read', { uri: `https://user:${canary('address of a resource')}@x.example/` });
  await post({ url: peer.url, key: canary('key that is not valid', randomKey()) }, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
  await post({ url: `${peer.url}?api_key=${canary('key in the address', randomKey())}` }, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
  await post(peer, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"x":"${canary('body that is no JSON')}"`);
  await post(peer, { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: `client ${canary('name of the client')}`, version: '1' } } });
  await modernRequest(peer, `tools/${canary('name of the method')}`, {});
  expect(Object.keys(canaries).length).toBeGreaterThanOrEqual(14);

  const traffic = await admin(gateway, 'GET', '/api/v1/traffic?limit=500');
  const ids = (traffic.body['items'] as { id: string }[]).map(({ id }) => id);
  expect(ids.length).toBeGreaterThanOrEqual(7);
  const details = await Promise.all(ids.map(async (id) => (await admin(gateway, 'GET', `/api/v1/traffic/${id}`)).text));
  const called = details.find((text) => text.includes('"tool":"canary"'));
  expect(called).toContain('[redacted');
  const exported = await Promise.all(['jsonl', 'csv'].map(async (format) => (await admin(gateway, 'GET', `/api/v1/audit/export?format=${format}`)).text));
  for (const line of exported[0]?.trim().split('\n') ?? []) JSON.parse(line);
  const answers = [traffic.text, ...details, ...exported, (await admin(gateway, 'GET', '/api/v1/audit?limit=500')).text, (await admin(gateway, 'GET', '/api/v1/stats')).text, (await admin(gateway, 'GET', '/api/v1/costs?groupBy=tool,principal')).text];
  live.abort();
  await listening;
  expect(told).toContain('event: call');
  const { configFile, data } = gateway;
  expect(configFile).toBeDefined();
  await gateway.stop();
  const sinks: Record<string, string> = { answers: answers.join('\n'), live: told, console: gateway.stderr() };
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) if (entry.isFile()) sinks[entry.name] = await readFile(join(entry.parentPath, entry.name), 'latin1');
  expect(Object.keys(sinks)).toEqual(expect.arrayContaining(['app.log', 'audit-head.json', 'metamcp.db']));
  const found = Object.entries(sinks).flatMap(([sink, text]) => Object.entries(canaries).flatMap(([place, value]) => (text.includes(value) ? [`${place} is in ${sink}`] : [])));
  expect(found).toEqual([]);
}, 60_000);
