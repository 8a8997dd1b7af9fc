/** Clients that find a server in the catalogue, ask for it and use it; and an embeddings service beside the search. Through the real gateway. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { modernRequest, type RpcMessage, textOf, toolNamesOf } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

/** Knows that to tally is to count, and nothing else. */
const asked: { readonly authorization: string | undefined; readonly body: { readonly model: string; readonly input: readonly string[] } }[] = [];
const embedder = createServer((http, response) => {
  void text(http).then((body) => {
    const read = JSON.parse(body) as (typeof asked)[number]['body'];
    asked.push({ authorization: http.headers.authorization, body: read });
    const data = read.input.map((each, index) => ({ index, embedding: [/count|tally/i.test(each) ? 1 : 0, 0.1, 0] }));
    // In another order than asked: the index counts.
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: data.toReversed() }));
  });
});
let gateway: RunningGateway;
let counting: RunningFixture;

beforeAll(async () => {
  embedder.listen(0, '127.0.0.1');
  await once(embedder, 'listening');
  [gateway, counting] = await Promise.all([startGateway({ env: { EMBEDDER_KEY: 'sesame' } }), startFixture('counting-server.ts')]);
  const entry = (name: string, description: string, more: object): object => ({ server: { name, description, version: '1.0.0', ...more } });
  const servers = [
    entry('com.example/counter', 'Counts how often a key was seen', { remotes: [{ type: 'streamable-http', url: counting.url }] }),
    entry('com.example/sailing', 'Tides and winds for sailors', { packages: [{ registryType: 'npm', identifier: 'sailing-tides' }] }),
  ];
  await writeFile(join(gateway.data, 'catalogue.json'), JSON.stringify({ servers }));
  expect(await admin('POST', '/namespaces', { name: 'found', config: { servers: [] } })).toMatchObject({ status: 201 });
  const embeddings = { url: `http://127.0.0.1:${(embedder.address() as AddressInfo).port}/v1/embeddings`, model: 'fake', headers: { authorization: 'Bearer ${EMBEDDER_KEY}' }, patienceMs: 2_000 };
  const open = { apiKey: false, oauth: false, query: false };
  const made = await Promise.all([
    admin('POST', '/endpoints', { name: 'found', config: { namespace: 'found', auth: open, discovery: { mode: 'search', findServers: true, embeddings } } }),
    admin('POST', '/endpoints', { name: 'plain', config: { namespace: 'found', auth: open, discovery: 'search' } }),
  ]);
  expect(made).toMatchObject([{ status: 201 }, { status: 201 }]);
});

afterAll(async () => {
  await Promise.all([gateway.stop(), counting.stop()]);
  embedder.close();
});

async function admin(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const { url, token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { url: string; token: string };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body === undefined ? null : JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function call(name: string, given: object, endpoint = 'found'): Promise<RpcMessage> {
  return (await modernRequest({ url: gateway.mcp(endpoint) }, 'tools/call', { name, arguments: given })).message;
}

test('servers are found where the endpoint says so, and nowhere else', async () => {
  expect(toolNamesOf(await modernRequest({ url: gateway.mcp('found') }, 'tools/list', {}))).toEqual(['search_tools', 'describe_tools', 'call_read_tool', 'call_tool', 'search_servers', 'add_server']);
  expect(toolNamesOf(await modernRequest({ url: gateway.mcp('plain') }, 'tools/list', {}))).not.toContain('search_servers');
  expect(textOf(await call('search_servers', { queries: ['counts of keys'] }))).toBe('com.example/counter: Counts how often a key was seen');
  expect(await call('search_servers', { queries: ['counts of keys'] }, 'plain')).toMatchObject({ error: { code: -32602 } });
});

test('what names no exact version is shown and not added', async () => {
  expect(textOf(await call('search_servers', { queries: ['tides for sailing'] }))).toBe('com.example/sailing: Tides and winds for sailors [it names no exact version]');
  expect(await call('add_server', { name: 'com.example/sailing' })).toMatchObject({ result: { isError: true, content: [{ text: 'com.example/sailing cannot be added: it names no exact version' }] } });
});

test('a server is added once a person has approved exactly that, and its tools are found then', async () => {
  const first = await call('add_server', { name: 'com.example/counter' });
  expect(first).toMatchObject({ error: { code: -31010 } });
  expect((await admin('GET', '/servers/counter')).status).toBe(404);
  const [approval] = (await admin('GET', '/approvals?state=pending')).body['items'] as { id: string; arguments: object }[];
  expect(approval?.arguments).toMatchObject({ name: 'com.example/counter', version: '1.0.0', config: { type: 'http', url: counting.url } });
  expect((await admin('POST', `/approvals/${approval?.id}/approve`, {})).status).toBe(200);
  expect(textOf(await call('add_server', { name: 'com.example/counter' }))).toMatch(/^com\.example\/counter was added as counter\./);
  expect((await admin('GET', '/servers/counter')).status).toBe(200);
  await expect.poll(async () => textOf(await call('search_tools', { queries: ['count a key'] })), { timeout: 20_000 }).toContain('counter__count');
  expect(textOf(await call('search_servers', { queries: ['counts of keys'] }))).toContain('[here already]');
  expect(textOf(await call('add_server', { name: 'com.example/counter' }))).toMatch(/is here already/);
});

test('other words for the same thing are found by embeddings, once those are there', async () => {
  await expect.poll(async () => textOf(await call('search_tools', { queries: ['tally'] })), { timeout: 20_000 }).toContain('counter__count');
  expect(textOf(await call('search_tools', { queries: ['tally'] }, 'plain'))).not.toContain('counter__count');
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer sesame']));
  expect(asked.filter(({ body }) => body.input.includes('tally'))).toHaveLength(1);
});
