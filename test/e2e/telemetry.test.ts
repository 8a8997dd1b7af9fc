/** What a gateway tells of itself: metrics for anyone and for operators, traces and logs over OTLP, and secrets in none of them. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { modernRequest, type RawAnswer } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
const CANARY = 'canary-7f3a9c21e5';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

let gateway: RunningGateway;
let token: string;
const asked: { headers: IncomingHttpHeaders; params: Record<string, unknown> }[] = [];
const exported: { path: string; text: string; headers: IncomingHttpHeaders }[] = [];

beforeAll(async () => {
  const server = await startServer(({ body, headers }) => {
    const { id, method, params } = JSON.parse(body) as { id?: number; method: string; params: Record<string, unknown> };
    if (method === 'tools/call') asked.push({ headers, params });
    const answers: Record<string, object> = {
      'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
      'tools/list': { tools: [{ name: 'read', description: 'Reads.', inputSchema: { type: 'object' } }] },
      'tools/call': { content: [{ type: 'text', text: `result ${CANARY}` }] },
    };
    return { jsonrpc: '2.0', id, result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...answers[method] } };
  });
  const collector = await startServer(({ path, body, headers }) => {
    exported.push({ path, text: body, headers });
    return {};
  });
  gateway = await startGateway({
    config: { servers: { files: { type: 'http', url: `${server}/mcp` } }, namespaces: { dev: { servers: ['files'] } }, endpoints: { dev: { namespace: 'dev' } }, keys: { test: { value: KEY } } },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_EXPORTER_OTLP_HEADERS: 'x-token=abc%3D', OTEL_METRIC_EXPORT_INTERVAL: '300', OTEL_BSP_SCHEDULE_DELAY: '200', OTEL_SERVICE_NAME: 'front' },
  });
  token = (JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string }).token;
  await call({ secret: CANARY }, { _meta: { traceparent: PARENT, tracestate: 'vendor=1', baggage: 'tenant=a' } });
  await call({ secret: CANARY });
  await ask('tools/call', { name: 'files__none', arguments: { secret: CANARY } });
  await ask('resources/read', { uri: `file:///${CANARY}` });
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const servers: Server[] = [];

/** Answers every POST with JSON; resolves with its address. */
async function startServer(answer: (request: { path: string; body: string; headers: IncomingHttpHeaders }) => object): Promise<string> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer({ path: incoming.url ?? '', body: Buffer.concat(chunks).toString(), headers: incoming.headers })));
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function ask(method: string, params: Record<string, unknown>): Promise<RawAnswer> {
  return modernRequest({ url: gateway.mcp('dev'), key: KEY }, method, params);
}

function call(args: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<RawAnswer> {
  return ask('tools/call', { name: 'files__read', arguments: args, ...more });
}

async function metrics(headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`${gateway.url}/metrics`, { headers });
  return { status: response.status, text: await response.text() };
}

test('[AZ-19] metrics without a credential are totals: no name of a server, tool, endpoint or session', async () => {
  const { status, text } = await metrics();
  expect(status).toBe(200);
  expect(text).toContain('metamcp_requests_total{method="tools/call",outcome="ok"} 2');
  expect(text).toMatch(/^mcp_server_operation_duration_seconds_bucket\{method="tools\/call",le="\+Inf"\} 3$/m);
  expect(text).toContain('metamcp_servers{state="ready"} 1');
  for (const name of ['metamcp_requests_in_flight', 'metamcp_sessions', 'metamcp_streams', 'nodejs_eventloop_delay_seconds', 'process_memory_usage_bytes', 'metamcp_http_responses_total']) expect(text).toContain(name);
  expect(text).not.toMatch(/files|"read"|dev"|endpoint=|server=/);
});

test('metrics with the operator token or a key for every endpoint have all labels; a wrong credential has nothing', async () => {
  const wanted = 'metamcp_requests_total{endpoint="dev",method="tools/call",server="files",primitive="read",outcome="ok"} 2';
  expect((await metrics({ authorization: `Bearer ${token}` })).text).toContain(wanted);
  expect((await metrics({ 'x-api-key': KEY })).text).toContain(wanted);
  expect((await metrics({ authorization: `Bearer ${KEY}` })).text).toContain('metamcp_servers{server="files",state="ready"} 1');
  expect((await metrics({ authorization: `Bearer ${randomKey()}` })).status).toBe(401);
  expect((await metrics({ 'x-api-key': 'wrong' })).status).toBe(401);
});

test('the shipped alert rules ask of metrics that are told to anyone; more than 1 % server errors is the first', async () => {
  const file = await readFile(join(import.meta.dirname, '../../deploy/prometheus/metamcp-alerts.yaml'), 'utf8');
  const { groups } = parse(file) as { groups: { rules: { alert: string; expr: string }[] }[] };
  const rules = groups.flatMap(({ rules: some }) => some);
  expect(rules[0]?.expr.replace(/\s+/g, ' ').trim()).toBe('sum by (job) (rate(metamcp_http_responses_total{status="5xx"}[5m])) / sum by (job) (rate(metamcp_http_responses_total[5m])) > 0.01');
  const { text } = await metrics();
  const told = new Set([...text.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) => name));
  const asking = new Set(rules.flatMap(({ expr }) => expr.match(/\b(?:metamcp|nodejs|process|mcp)_[a-z_]+/g) ?? []));
  // Told from the first failure on.
  asking.delete('metamcp_middleware_failures_total');
  expect(asking.size).toBeGreaterThan(4);
  expect([...asking].filter((name) => !told.has(name))).toEqual([]);
});

test('a trace that came in goes on to the server, in _meta and in the headers of HTTP', async () => {
  const [traced, untraced] = asked;
  const meta = (traced?.params['_meta'] ?? {}) as Record<string, string>;
  expect(meta['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
  expect(meta).toMatchObject({ tracestate: 'vendor=1', baggage: 'tenant=a' });
  expect(traced?.headers).toMatchObject({ traceparent: meta['traceparent'], tracestate: 'vendor=1' });
  expect(((untraced?.params['_meta'] ?? {}) as Record<string, string>)['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

function spans(): Span[] {
  const bodies = exported.filter(({ path }) => path === '/v1/traces').map(({ text }) => JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] });
  return bodies.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
}

test('each request is a server span with a client span below it, named by the conventions for MCP', async () => {
  await expect.poll(() => spans().filter(({ traceId }) => traceId === TRACE_ID).length, { timeout: 15_000 }).toBe(2);
  const [client, server] = spans().filter(({ traceId }) => traceId === TRACE_ID);
  expect(server).toMatchObject({ name: 'tools/call files__read', kind: 2, parentSpanId: '00f067aa0ba902b7' });
  expect(client).toMatchObject({ name: 'tools/call read', kind: 3, parentSpanId: server?.spanId });
  const attributes = Object.fromEntries((server?.attributes ?? []).map(({ key, value }) => [key, value.stringValue]));
  expect(attributes).toMatchObject({ 'mcp.method.name': 'tools/call', 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'files__read', 'mcp.protocol.version': '2026-07-28', 'metamcp.server': 'files' });
});

test('metrics and logs reach the collector with the configured headers and service name', async () => {
  for (const path of ['/v1/metrics', '/v1/logs']) await expect.poll(() => exported.some((one) => one.path === path), { timeout: 15_000 }).toBe(true);
  await expect.poll(() => exported.some(({ path, text }) => path === '/v1/metrics' && text.includes('metamcp.requests')), { timeout: 15_000 }).toBe(true);
  for (const { headers, text } of exported) {
    expect(headers['x-token']).toBe('abc=');
    expect(text).toContain('"front"');
  }
});

test('[DL-03] arguments, results, addresses and keys are in no log, metric or trace', async () => {
  await expect.poll(async () => (await gateway.log()).filter((line) => line['msg'] === 'request').length, { timeout: 15_000 }).toBeGreaterThanOrEqual(4);
  await expect.poll(() => exported.some(({ path }) => path === '/v1/logs'), { timeout: 15_000 }).toBe(true);
  const everything = JSON.stringify([exported, await gateway.log(), await metrics({ authorization: `Bearer ${token}` }), gateway.stderr()]);
  for (const secret of [KEY, token, `result ${CANARY}`]) expect(everything).not.toContain(secret);
  const told = JSON.stringify([exported, await metrics({ authorization: `Bearer ${token}` })]);
  expect(told).not.toContain(`"${CANARY}"`);
});

test('the line of a request says who, what, how it was judged and what came of it, in this order', async () => {
  await expect.poll(async () => (await gateway.log()).some((line) => line['msg'] === 'request' && line['tool'] === 'files/read'), { timeout: 15_000 }).toBe(true);
  const line = (await gateway.log()).find((one) => one['tool'] === 'files/read');
  expect(Object.keys(line ?? {}).slice(3, 10)).toEqual(['requestId', 'principal', 'tool', 'auth', 'decision', 'timeout', 'durationMs']);
});
