/**
 * Hostile and broken HTTP, byte by byte: each gets the answer that is promised, and the gateway goes on as if nothing
 * had been. What only later parts can refuse (tokens of an authorization server, an audit trail) is not here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, openSession } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { exchange, type RawResponse } from '../support/raw-http.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const [KEY, OTHER_KEY] = [randomKey(), randomKey()];
const MODERN = '2026-07-28';
const OPEN = '/metamcp/open/mcp';
const KEYED = '/metamcp/keyed/mcp';
const CANARY = 'canary-token-5d1c';
const BODY_BYTES_MAX = 4 << 20;
let gateway: RunningGateway;
let host: string;
let slow: Promise<{ readonly headers: RawResponse; readonly body: RawResponse }>;

beforeAll(async () => {
  const config = {
    servers: { count: fixtureCommand('counting-server.ts', '--stdio') },
    namespaces: { all: { servers: ['count'] } },
    endpoints: { open: { namespace: 'all', auth: { apiKey: false } }, keyed: { namespace: 'all' } },
    keys: { one: { value: KEY }, two: { value: OTHER_KEY } },
  };
  gateway = await startGateway({ config, args: ['--log-level', 'all'] });
  host = new URL(gateway.url).host;
  slow = startSlow();
});

afterAll(async () => {
  await gateway.stop();
});

/** They take as long as the gateway's limits; everything else is tried meanwhile. */
async function startSlow(): Promise<{ headers: RawResponse; body: RawResponse }> {
  const drip = { byte: 'x', everyMs: 2_000 };
  const [headers, body] = await Promise.all([
    exchange(gateway.url, { bytes: `POST ${OPEN} HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `, drip, timeoutMs: 40_000 }),
    exchange(gateway.url, { bytes: head('POST', OPEN, ['Content-Type: application/json', 'Content-Length: 1000']), drip, timeoutMs: 40_000 }),
  ]);
  return { headers, body };
}

function head(method: string, path: string, lines: readonly string[] = [], hostLine = `Host: ${host}`): string {
  return `${[`${method} ${path} HTTP/1.1`, hostLine, ...lines].join('\r\n')}\r\n\r\n`;
}

function posting(body: string | Buffer, lines: readonly string[] = [], path = OPEN): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(head('POST', path, ['Content-Type: application/json', `Content-Length: ${bytes.length}`, ...lines]), 'latin1'), bytes]);
}

const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };

function rpc(method: string, params: object = {}, id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

function modern(method: string, params: object, ...headers: readonly string[]): Buffer {
  return posting(rpc(method, { ...params, _meta: META }), [`MCP-Protocol-Version: ${MODERN}`, ...headers]);
}

interface Case {
  readonly name: string;
  readonly bytes: () => string | Buffer;
  readonly statuses: readonly number[];
  /** JSON-RPC code of the answer. */
  readonly code?: number;
  readonly isClosed?: true;
}

const CALL = { name: 'count__counts', arguments: {} };

// biome-ignore format: one row a case reads as the table it is.
const CASES: readonly Case[] = [
  { name: '[TR-06] a length beside chunks', bytes: () => `${head('POST', OPEN, ['Content-Type: application/json', 'Content-Length: 4', 'Transfer-Encoding: chunked'])}0\r\n\r\n`, statuses: [400], isClosed: true },
  { name: '[TR-06] two lengths', bytes: () => `${head('POST', OPEN, ['Content-Type: application/json', 'Content-Length: 4', 'Content-Length: 5'])}abcd`, statuses: [400], isClosed: true },
  { name: '[TR-06] an unknown transfer coding', bytes: () => `${head('POST', OPEN, ['Content-Type: application/json', 'Transfer-Encoding: xchunked'])}0\r\n\r\n`, statuses: [400], isClosed: true },
  { name: '[TR-06] a chunk whose size is no number', bytes: () => `${head('POST', OPEN, ['Content-Type: application/json', 'Transfer-Encoding: chunked'])}zz\r\nabc\r\n`, statuses: [400], isClosed: true },
  { name: '[TR-06] a folded header', bytes: () => head('POST', OPEN, ['X-Folded: a', ' b', 'Content-Length: 0']), statuses: [400], isClosed: true },
  { name: '[TR-06] a space before the colon', bytes: () => head('POST', OPEN, ['Content-Length : 0']), statuses: [400], isClosed: true },
  { name: '[TR-06] a line feed without carriage return in a header', bytes: () => `POST ${OPEN} HTTP/1.1\nHost: ${host}\nContent-Length: 0\n\n`, statuses: [400], isClosed: true },
  { name: '[TR-06] what is no HTTP at all', bytes: () => 'hello\r\n\r\n', statuses: [400], isClosed: true },
  { name: '[RL-06] headers above their limit', bytes: () => head('POST', OPEN, [`X-Large: ${'a'.repeat(20_000)}`]), statuses: [431], isClosed: true },
  { name: 'a whole address as target of another host', bytes: () => head('GET', `http://evil.example${OPEN}`), statuses: [400, 403, 404] },
  { name: '[TR-04] Mcp-Method twice', bytes: () => modern('tools/list', {}, 'Mcp-Method: tools/list', 'Mcp-Method: tools/call'), statuses: [400], code: -32_020 },
  { name: '[TR-04] MCP-Protocol-Version twice', bytes: () => modern('tools/list', {}, 'MCP-Protocol-Version: 2025-11-25', 'Mcp-Method: tools/list'), statuses: [400], code: -32_020 },
  { name: '[TR-04] X-API-Key twice', bytes: () => posting(rpc('ping'), [`X-API-Key: ${KEY}`, `X-API-Key: ${OTHER_KEY}`], KEYED), statuses: [400] },
  { name: '[TR-01] two origins', bytes: () => posting(rpc('ping'), ['Origin: http://good.example', 'Origin: http://evil.example']), statuses: [403] },
  { name: '[TR-01] the origin null', bytes: () => posting(rpc('ping'), ['Origin: null']), statuses: [403] },
  { name: '[TR-01] a foreign origin, before its body is there', bytes: () => head('POST', OPEN, ['Origin: http://evil.example', 'Content-Type: application/json', 'Content-Length: 100']), statuses: [403], isClosed: true },
  { name: '[TR-01] a foreign origin on the admin side', bytes: () => head('GET', '/api/v1/servers', ['Origin: http://evil.example']), statuses: [403] },
  { name: '[TR-02] a foreign host, before its body is there', bytes: () => head('POST', OPEN, ['Content-Type: application/json', 'Content-Length: 100'], 'Host: attacker.example'), statuses: [403, 421], isClosed: true },
  { name: '[TR-02] a host that only begins like ours', bytes: () => head('POST', OPEN, ['Content-Length: 0'], `Host: ${host}.attacker.example`), statuses: [403, 421] },
  { name: '[TR-02] a name in front of ours', bytes: () => head('POST', OPEN, ['Content-Length: 0'], 'Host: attacker.example:80@127.0.0.1'), statuses: [400, 403, 421] },
  { name: '[TR-02] no host', bytes: () => `GET ${OPEN} HTTP/1.1\r\n\r\n`, statuses: [400, 403], isClosed: true },
  { name: '[TR-08] a forwarded host changes nothing', bytes: () => modern('tools/list', {}, 'Mcp-Method: tools/list', 'X-Forwarded-Host: attacker.example'), statuses: [200] },
  { name: '[TR-11] bytes beyond ASCII in Mcp-Name', bytes: () => modern('tools/call', CALL, 'Mcp-Method: tools/call', 'Mcp-Name: caf\u00e9'), statuses: [400], code: -32_020 },
  { name: '[TR-10] Mcp-Method that differs from the body', bytes: () => modern('tools/call', CALL, 'Mcp-Method: tools/list', 'Mcp-Name: count__counts'), statuses: [400], code: -32_020 },
  { name: '[TR-10] no Mcp-Method', bytes: () => modern('tools/list', {}), statuses: [400], code: -32_020 },
  { name: '[TR-10] no Mcp-Name', bytes: () => modern('tools/call', CALL, 'Mcp-Method: tools/call'), statuses: [400], code: -32_020 },
  { name: '[TR-11] an encoded Mcp-Name of another tool', bytes: () => modern('tools/call', CALL, 'Mcp-Method: tools/call', `Mcp-Name: =?base64?${Buffer.from('other').toString('base64')}?=`), statuses: [400], code: -32_020 },
  { name: '[TR-11] an Mcp-Name that is badly encoded', bytes: () => modern('tools/call', CALL, 'Mcp-Method: tools/call', 'Mcp-Name: =?base64?%%%?='), statuses: [400], code: -32_020 },
  { name: '[TR-11] an encoded Mcp-Name of this tool is well', bytes: () => modern('tools/call', CALL, 'Mcp-Method: tools/call', `Mcp-Name: =?base64?${Buffer.from(CALL.name).toString('base64')}?=`), statuses: [200] },
  { name: '[TR-05] text/plain', bytes: () => `${head('POST', OPEN, ['Content-Type: text/plain', 'Content-Length: 2'])}{}`, statuses: [415] },
  { name: '[TR-05] a form', bytes: () => `${head('POST', OPEN, ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 3'])}a=b`, statuses: [415] },
  { name: '[TR-05] no content type', bytes: () => `${head('POST', OPEN, ['Content-Length: 2'])}{}`, statuses: [415] },
  { name: '[RL-01] a compressed body', bytes: () => posting('\u001f', ['Content-Encoding: gzip']), statuses: [415] },
  { name: '[RL-01] a length above the limit, before the body is there', bytes: () => head('POST', OPEN, ['Content-Type: application/json', 'Content-Length: 999999999']), statuses: [413], isClosed: true },
  { name: '[RL-01] chunks above the limit, before they end', bytes: () => `${head('POST', OPEN, ['Content-Type: application/json', 'Transfer-Encoding: chunked'])}${(BODY_BYTES_MAX + 1).toString(16)}\r\n${'a'.repeat(BODY_BYTES_MAX + 1)}`, statuses: [413], isClosed: true },
  { name: 'an upgrade to WebSocket', bytes: () => head('GET', OPEN, ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']), statuses: [400, 426], isClosed: true },
  { name: 'TRACE', bytes: () => head('TRACE', OPEN), statuses: [405] },
  { name: 'CONNECT', bytes: () => head('CONNECT', 'evil.example:443', [], 'Host: evil.example:443'), statuses: [0, 400, 403, 404, 405], isClosed: true },
  { name: 'PUT', bytes: () => head('PUT', OPEN, ['Content-Length: 0']), statuses: [405] },
  { name: 'a path that climbs from one endpoint to another', bytes: () => posting(rpc('ping'), [], '/metamcp/open/../keyed/mcp'), statuses: [400, 404] },
  { name: 'an encoded slash in a path', bytes: () => posting(rpc('ping'), [], '/metamcp/open%2f..%2fkeyed/mcp'), statuses: [404] },
  { name: 'two slashes', bytes: () => posting(rpc('ping'), [], '//metamcp/open/mcp'), statuses: [404] },
  { name: 'an endpoint that there is not', bytes: () => posting(rpc('ping'), [], '/metamcp/__proto__/mcp'), statuses: [404] },
  { name: 'a token in the address', bytes: () => posting(rpc('ping'), [], `${KEYED}?access_token=${CANARY}`), statuses: [400, 401] },
  { name: 'a key in the address of an endpoint that did not opt in', bytes: () => posting(rpc('ping'), [], `${KEYED}?api_key=${CANARY}`), statuses: [400, 401] },
  { name: 'no credential', bytes: () => posting(rpc('ping'), [], KEYED), statuses: [401] },
  { name: 'a wrong credential', bytes: () => posting(rpc('ping'), [`Authorization: Bearer ${CANARY}`], KEYED), statuses: [401] },
  { name: '[TR-19] a batch', bytes: () => posting(`[${rpc('tools/list', { _meta: META })}]`, [`MCP-Protocol-Version: ${MODERN}`]), statuses: [400], code: -32_600 },
  { name: '[TR-19] an empty batch', bytes: () => posting('[]'), statuses: [400], code: -32_600 },
  { name: '[TR-19] the id null', bytes: () => posting(rpc('ping', {}, null)), statuses: [400], code: -32_600 },
  { name: '[TR-19] a fraction as id', bytes: () => posting(rpc('ping', {}, 1.5)), statuses: [400], code: -32_600 },
  { name: 'an answer where a request belongs', bytes: () => posting('{"jsonrpc":"2.0","id":1,"result":{}}', [`MCP-Protocol-Version: ${MODERN}`, 'Mcp-Method: tools/list']), statuses: [400], code: -32_600 },
  { name: '[TR-17] an unknown method', bytes: () => modern('nope', {}, 'Mcp-Method: nope'), statuses: [404], code: -32_601 },
  { name: '[TR-16] no client capabilities', bytes: () => posting(rpc('tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': MODERN } }), [`MCP-Protocol-Version: ${MODERN}`, 'Mcp-Method: tools/list']), statuses: [400], code: -32_602 },
  { name: '[TR-18] a legacy request without session', bytes: () => posting(rpc('tools/list'), ['MCP-Protocol-Version: 2025-11-25']), statuses: [400] },
  { name: '[TR-18] a session that there is not', bytes: () => posting(rpc('tools/list'), ['MCP-Protocol-Version: 2025-11-25', 'Mcp-Session-Id: nobody']), statuses: [404] },
  { name: '[TR-18] the end of a session that there is not', bytes: () => head('DELETE', OPEN, ['Mcp-Session-Id: nobody']), statuses: [404] },
  { name: 'no JSON', bytes: () => posting('{"jsonrpc":'), statuses: [400], code: -32_700 },
  { name: 'an empty body', bytes: () => posting(''), statuses: [400], code: -32_700 },
  { name: '[RL-05] bytes that are no UTF-8', bytes: () => posting(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])), statuses: [400], code: -32_700 },
  { name: '[RL-03] a repeated key', bytes: () => posting('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'), statuses: [400], code: -32_600 },
  { name: '[RL-02] five thousand levels', bytes: () => posting(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`), statuses: [400], code: -32_600 },
];

test.each(CASES)('$name', async ({ bytes, statuses, code, isClosed }) => {
  const answer = await exchange(gateway.url, { bytes: bytes() });
  expect(statuses, answer.head || '(no answer)').toContain(answer.status);
  if (code !== undefined) expect((JSON.parse(answer.body) as { error: { code: number } }).error.code).toBe(code);
  if (isClosed === true) expect(answer.isClosed).toBe(true);
});

test('[TR-14] an unsupported revision is told which are supported', async () => {
  const answer = await exchange(gateway.url, {
    bytes: posting(rpc('tools/list', { _meta: META }), ['MCP-Protocol-Version: 2099-01-01', 'Mcp-Method: tools/list']),
  });
  expect(answer.status).toBe(400);
  const unsupported = await exchange(gateway.url, {
    bytes: posting(rpc('tools/list', { _meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } }), [
      'MCP-Protocol-Version: 2099-01-01',
      'Mcp-Method: tools/list',
    ]),
  });
  expect(unsupported.status).toBe(400);
  expect(JSON.parse(unsupported.body)).toMatchObject({
    error: { code: -32_022, data: { supported: [MODERN], requested: '2099-01-01' } },
  });
});

describe('[SS-02] a session of another credential is unknown', () => {
  test.each(['POST', 'GET', 'DELETE'])('%s', async (method) => {
    const session = await openSession({ url: gateway.mcp('keyed'), key: KEY });
    const lines = [
      `Authorization: Bearer ${OTHER_KEY}`,
      `Mcp-Session-Id: ${session.id}`,
      'MCP-Protocol-Version: 2025-11-25',
      'Accept: text/event-stream, application/json',
    ];
    const foreign = await exchange(gateway.url, { bytes: method === 'POST' ? posting(rpc('tools/list'), lines, KEYED) : head(method, KEYED, lines) });
    const unknown = await exchange(gateway.url, { bytes: posting(rpc('tools/list'), [lines[0] ?? '', 'Mcp-Session-Id: nobody', lines[2] ?? ''], KEYED) });
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect((await session.request('tools/list')).status).toBe(200);
    await session.end();
  });

  test('nor does it work at another endpoint', async () => {
    const session = await openSession({ url: gateway.mcp('keyed'), key: KEY });
    const elsewhere = await exchange(gateway.url, {
      bytes: posting(rpc('tools/list'), [`Authorization: Bearer ${KEY}`, `Mcp-Session-Id: ${session.id}`, 'MCP-Protocol-Version: 2025-11-25']),
    });
    expect(elsewhere.status).toBe(404);
    await session.end();
  });
});

test('[RL-04] a key that names a prototype changes none', async () => {
  await exchange(gateway.url, {
    bytes: posting('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}'),
  });
  const { message } = await modernRequest({ url: gateway.mcp('open') }, 'tools/call', { name: 'count__canary', arguments: {} });
  expect(JSON.stringify(message)).not.toContain('polluted');
});

test('two requests in one write get two answers, in order', async () => {
  const both = Buffer.concat([modern('tools/list', {}, 'Mcp-Method: tools/list'), modern('nope', {}, 'Mcp-Method: nope', 'Connection: close')]);
  const answer = await exchange(gateway.url, { bytes: both, untilClosed: true });
  expect(answer.head).toContain('200');
  expect(answer.body).toContain('HTTP/1.1 404');
});

test('[RL-06] headers that come byte by byte are given up within 15 s', async () => {
  const { headers } = await slow;
  expect([0, 408]).toContain(headers.status);
  expect(headers.isClosed).toBe(true);
  expect(headers.tookMs).toBeLessThan(15_000);
}, 45_000);

test('[RL-06] a body that comes byte by byte is given up within 30 s', async () => {
  const { body } = await slow;
  expect([0, 408]).toContain(body.status);
  expect(body.isClosed).toBe(true);
  expect(body.tookMs).toBeLessThan(30_500);
}, 45_000);

test('after all that the gateway answers as before, and nothing of it was a surprise to it', async () => {
  await slow;
  const { status, message } = await modernRequest({ url: gateway.mcp('keyed'), key: KEY }, 'tools/list');
  expect([status, (message.result ?? {})['tools']]).toEqual([200, [expect.anything(), expect.anything(), expect.anything()]]);
  expect(gateway.stderr()).not.toMatch(/unhandled|uncaught|gateway\.bug|\n {4}at /i);
  const log = JSON.stringify(await gateway.log());
  expect(log).not.toContain('gateway.bug');
  expect(log + gateway.stderr()).not.toContain(CANARY);
}, 45_000);
