/** What one client does never shows at another, what a header says opens nothing by itself, and nothing is kept by caches. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isObject, type JsonObject } from '../../src/protocol/messages.ts';
import { type RunningGateway, startGateway } from '../conformance/start-gateway.ts';
import { LegacyClient } from './legacy-client.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';
import { ModernClient } from './modern-client.ts';
import { readMessages } from './read-messages.ts';

const KEYS = { eu: `sk_mt_${'e1'.repeat(32)}`, us: `sk_mt_${'f2'.repeat(32)}` };
const JSON_TYPE = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const servers: MatrixServer[] = [];
let gateway: RunningGateway | undefined;
let mcp = '';

beforeAll(async () => {
  servers.push(await startMatrixServer('2026-07-28'), await startMatrixServer('2025-11-25'));
  const only = (key: string, region: string): object => ({ effect: 'deny', who: { keys: [key] }, what: { names: ['echo'] }, arguments: [{ at: '/region', equals: region, not: true }] });
  gateway = await startGateway({
    servers: { matrix: { type: 'http', url: servers[0]?.url }, old: { type: 'http', url: servers[1]?.url } },
    policies: { regions: { rules: [only('eu', 'eu'), only('us', 'us'), { effect: 'allow' }] } },
    namespaces: { matrix: { servers: ['matrix'], names: { prefix: 'none' }, policies: ['regions'] }, old: { servers: ['old'], names: { prefix: 'none' } } },
    endpoints: { matrix: { namespace: 'matrix' }, old: { namespace: 'old' } },
    keys: Object.fromEntries(Object.entries(KEYS).map(([name, value]) => [name, { value }])),
  });
  mcp = `${gateway.url}/metamcp/matrix/mcp`;
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  for (const server of servers) await server.stop();
});

function keyOf(name: keyof typeof KEYS): Readonly<Record<string, string>> {
  return { 'x-api-key': KEYS[name] };
}

describe('[TR-07] an answer', () => {
  const ORIGINS = [undefined, 'null', 'http://evil.example', 'SELF'];
  const CLOSED = ['/metamcp/matrix/mcp', '/metamcp/matrix/sse', '/metamcp/matrix/message', '/api/v1/servers', '/healthz', '/'];
  const OPEN = ['/.well-known/oauth-protected-resource/metamcp/matrix/mcp', '/.well-known/oauth-authorization-server', '/oauth/token', '/oauth/register'];
  const PREFLIGHT = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' };

  const ask = async (path: string, method: string, origin: string | undefined): Promise<Response> => {
    const own = origin === 'SELF' ? gateway?.url : origin;
    const response = await fetch(`${gateway?.url}${path}`, { method, redirect: 'manual', headers: { ...keyOf('eu'), ...(method === 'OPTIONS' ? PREFLIGHT : {}), ...(own === undefined ? {} : { origin: own }) } });
    await response.body?.cancel();
    return response;
  };

  test.each(CLOSED)('of %s names no origin that may read it, whoever asks and however', async (path) => {
    for (const method of ['OPTIONS', 'GET', 'DELETE']) {
      for (const origin of ORIGINS) {
        const { headers } = await ask(path, method, origin);
        expect([method, origin, headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')]).toEqual([method, origin, null, null]);
      }
    }
  });

  test.each(OPEN)('of %s may be open to all origins, but never with credentials', async (path) => {
    for (const method of ['OPTIONS', 'GET']) {
      for (const origin of ORIGINS) {
        const { headers } = await ask(path, method, origin);
        expect([null, '*']).toContain(headers.get('access-control-allow-origin'));
        expect(headers.get('access-control-allow-credentials')).toBeNull();
      }
    }
  });
});

test('[TR-12] a header decides neither who asks nor what that one may: the key and the body do', async () => {
  const client = new ModernClient(mcp, {}, keyOf('eu'));
  const call = async (region: string, headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const { response } = await client.request({ method: 'tools/call', params: { name: 'echo', arguments: { region } }, headers });
    const error = response?.['error'];
    return isObject(error) ? error['code'] : isObject(response?.['result']) && 'done';
  };
  expect(await call('eu', { 'mcp-param-region': 'eu' })).toBe('done');
  // The other region in both, in the header alone, in the body alone.
  expect(await call('us', { 'mcp-param-region': 'us' })).toBe(-31007);
  expect(await call('eu', { 'mcp-param-region': 'us' })).toBe(-32020);
  expect(await call('us', { 'mcp-param-region': 'eu' })).toBe(-32020);
  for (const name of ['x-forwarded-user', 'x-user', 'x-remote-user', 'x-principal', 'mcp-param-key', 'x-metamcp-key']) {
    expect([name, await call('us', { 'mcp-param-region': 'us', [name]: 'us' })]).toEqual([name, -31007]);
  }
  expect(servers[0]?.tools.headers.filter(({ headers }) => headers['mcp-param-region'] === 'us')).toEqual([]);
});

/** Opens another stream of the client's own session and keeps what comes. */
async function openStream(session: string, signal: AbortSignal): Promise<{ readonly heard: JsonObject[] }> {
  const response = await fetch(`${gateway?.url}/metamcp/old/mcp`, { signal, headers: { ...keyOf('eu'), accept: 'text/event-stream', 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' } });
  expect(response.status).toBe(200);
  const heard: JsonObject[] = [];
  const read = async (): Promise<void> => {
    for await (const { message } of readMessages(response)) if (message['method'] !== undefined) heard.push(message);
  };
  read().catch(() => undefined);
  return { heard };
}

async function openSession(): Promise<string> {
  const response = await fetch(`${gateway?.url}/metamcp/old/mcp`, { method: 'POST', headers: { ...JSON_TYPE, ...keyOf('eu') }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } } }) });
  await response.arrayBuffer();
  return response.headers.get('mcp-session-id') ?? '';
}

test('[TR-21] of several streams of one session exactly one carries a notice, each time', async () => {
  const closing = new AbortController();
  const session = await openSession();
  const streams = [await openStream(session, closing.signal), await openStream(session, closing.signal), await openStream(session, closing.signal)];
  const heard = (): number => streams.flatMap((stream) => stream.heard).length;
  const other = await LegacyClient.open(`${gateway?.url}/metamcp/old/mcp`, '2025-11-25', { capabilities: {}, headers: keyOf('us'), answerServer: () => undefined });
  for (const changes of [1, 2, 3, 4]) {
    await other.request('tools/call', { name: 'change', arguments: {} });
    await expect.poll(heard, { timeout: 5_000, interval: 5 }).toBe(changes);
  }
  // Nothing came twice in the meantime either.
  expect([heard(), streams.filter((stream) => stream.heard.length > 0).length]).toEqual([4, 1]);
  await other.close();
  closing.abort();
});

test('[SS-05] two sessions of one key and a stateless client share no state, though all of them count their requests alike', async () => {
  const url = `${gateway?.url}/metamcp/old/mcp`;
  const open = (name: string): Promise<LegacyClient> => LegacyClient.open(url, '2025-11-25', { capabilities: { elicitation: {} }, headers: keyOf('eu'), answerServer: () => ({ action: 'accept', content: { name } }) });
  const [loud, quiet] = [await open('loud'), await open('quiet')];
  const stateless = new ModernClient(url, {}, keyOf('eu'));
  await loud.request('logging/setLevel', { level: 'debug' });
  await quiet.request('logging/setLevel', { level: 'emergency' });
  expect(loud.lastId).toBe(quiet.lastId);
  const levels = ({ notices }: { readonly notices: readonly JsonObject[] }): unknown[] => notices.filter(({ method }) => method === 'notifications/message').map(({ params }) => isObject(params) && params['level']);
  const chatty = { name: 'chatty', arguments: {} };
  const [ofLoud, ofQuiet, ofStateless] = await Promise.all([loud.request('tools/call', chatty), quiet.request('tools/call', chatty), stateless.request({ method: 'tools/call', params: chatty })]);
  expect([levels(ofLoud), levels(ofQuiet), levels(ofStateless)]).toEqual([['debug', 'warning'], [], []]);
  const asked = await Promise.all([loud, quiet].map((client) => client.request('tools/call', { name: 'ask_form', arguments: {} })));
  expect(asked.map(({ text }) => /loud|quiet/.exec(text)?.[0])).toEqual(['loud', 'quiet']);
  expect([loud.asked.length, quiet.asked.length]).toEqual([1, 1]);
  // The end of one is not the end of the other, nor its ids the other's.
  await loud.close();
  expect((await quiet.request('tools/call', { name: 'echo', arguments: {} })).response?.['result']).toBeDefined();
  await quiet.close();
});

test('[TR-28] every answer says no-store, and no list is anyone else\'s', async () => {
  const client = new ModernClient(mcp, {}, keyOf('eu'));
  for (const [method, params] of [['server/discover', {}], ['tools/list', {}], ['prompts/list', {}], ['resources/list', {}], ['resources/templates/list', {}], ['resources/read', { uri: 'file:///b/c' }]] as const) {
    const { response } = await client.request({ method, params });
    expect([method, isObject(response?.['result']) && response['result']['cacheScope']]).toEqual([method, 'private']);
  }
  const session = await openSession();
  const inSession = { ...JSON_TYPE, ...keyOf('eu'), 'mcp-session-id': session };
  const post = (body: object, headers: Readonly<Record<string, string>>): RequestInit => ({ method: 'POST', body: JSON.stringify(body), headers });
  const requests: readonly (readonly [what: string, init: RequestInit, status: number])[] = [
    ['a result', post({ jsonrpc: '2.0', id: 2, method: 'tools/list' }, inSession), 200],
    ['a notification taken', post({ jsonrpc: '2.0', method: 'notifications/initialized' }, inSession), 202],
    ['an error', post({ jsonrpc: '2.0', id: 3, method: 'no/such' }, inSession), 200],
    ['a refusal of the body', post([], inSession), 400],
    ['an unknown session', post({ jsonrpc: '2.0', id: 4, method: 'ping' }, { ...inSession, 'mcp-session-id': 'gone' }), 404],
    ['no credential', post({ jsonrpc: '2.0', id: 5, method: 'ping' }, JSON_TYPE), 401],
    ['the end of a session', { method: 'DELETE', headers: inSession }, 200],
  ];
  for (const [what, init, status] of requests) {
    const response = await fetch(`${gateway?.url}/metamcp/old/mcp`, init);
    await response.arrayBuffer();
    expect([what, response.status, response.headers.get('cache-control')]).toEqual([what, status, 'no-store']);
  }
});
