import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { type OperationFilter, OperationFilterSchema, ResponseShapeSchema } from '../../model/builtin-server.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { Envelope } from '../../protocol/envelope.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { createDialer } from '../dialer/dialer.ts';
import type { Link } from '../link.ts';
import { openOpenApiLink } from './openapi-link.ts';

interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const FOLDER = fileURLToPath(new URL('../../../test/fixtures/openapi/', import.meta.url));
let server: Server;
let base: string;
let recorded: Recorded[];
let answer: (request: Recorded) => { readonly status?: number; readonly type?: string; readonly body: string; readonly headers?: Record<string, string> };
const links: Link[] = [];

beforeEach(async () => {
  recorded = [];
  answer = () => ({ body: '{"ok":true}' });
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const record = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    recorded.push(record);
    const { status = 200, type = 'application/json', body: text, headers } = answer(record);
    response.writeHead(status, { 'content-type': type, ...headers }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const link of links.splice(0)) await link.close();
  server.closeAllConnections();
  server.close();
});

interface Opening {
  readonly document: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly operations?: Partial<OperationFilter>;
  readonly pagesMax?: number;
  readonly clock?: Clock;
}

async function open({ document, url = base, headers = {}, operations = {}, pagesMax = 1, clock = systemClock }: Opening) {
  const spec: ServerSpec = { name: 'api', type: 'openapi', fingerprint: '', command: '', args: [], env: {}, cwd: undefined, inheritEnv: [], url, headers, revision: 'modern', isolation: 'shared', idleConnections: 0, startTimeoutMs: 5_000, callTimeoutMs: 5_000, idleTimeoutMs: 0, resultBytesMax: 1 << 20, isRequired: false, description: '' };
  const waiting = new Map<number, (envelope: Envelope) => void>();
  const dialer = createDialer({ clock: systemClock, ownListeners: () => [] });
  const link = await openOpenApiLink(
    { spec, builtin: { kind: 'openapi', document, operations: OperationFilterSchema.parse(operations), response: ResponseShapeSchema.parse({ pagesMax }) }, values: (text) => text },
    { clock, dialer },
    { message: (envelope) => waiting.get(Number(envelope.id))?.(envelope), failed: () => undefined, closed: () => undefined, dropped: () => undefined },
  );
  links.push(link);
  let id = 0;
  const ask = async (method: string, params: JsonObject = {}): Promise<JsonObject> => {
    const own = ++id;
    const envelope = await new Promise<Envelope>((resolve) => {
      waiting.set(own, resolve);
      const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
      link.send({ id: own, method, text: JSON.stringify({ jsonrpc: '2.0', id: own, method, params: { ...params, _meta } }) });
    });
    return envelope.body?.value ?? {};
  };
  return { tools: async () => (await ask('tools/list'))['tools'] as unknown as { name: string; inputSchema: JsonObject; annotations: JsonObject }[], call: (name: string, args: JsonObject) => ask('tools/call', { name, arguments: args }) };
}

test('whoever asks for the tools after the document changed gets the new ones, and the old ones while it is broken', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'openapi-')), 'api.json');
  const write = (ids: readonly string[]): void => writeFileSync(path, JSON.stringify({ openapi: '3.1.0', info: { title: 'T', version: '1' }, paths: Object.fromEntries(ids.map((id) => [`/${id}`, { get: { operationId: id, responses: { '200': { description: 'ok', content: { 'application/json': { schema: { type: 'object', properties: { ok: { type: 'boolean' } } } } } } } } }])) }));
  write(['one']);
  const clock = new MovableClock();
  const api = await open({ document: path, clock });
  const names = async (): Promise<string[]> => (await api.tools()).map(({ name }) => name);
  expect((await api.tools())[0]).toMatchObject({ name: 'one', outputSchema: { type: 'object', properties: { ok: { type: ['boolean', 'null'] } } } });
  write(['one', 'two']);
  await clock.move(3_000);
  expect(await names()).toEqual(['one', 'two']);
  writeFileSync(path, '{');
  await clock.move(3_000);
  expect(await names()).toEqual(['one', 'two']);
});

test('a form with a file reaches the service as multipart/form-data', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'openapi-')), 'api.json');
  writeFileSync(path, JSON.stringify({ openapi: '3.0.3', info: { title: 'T', version: '1' }, paths: { '/files': { post: { operationId: 'upload', requestBody: { required: true, content: { 'multipart/form-data': { schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' }, name: { type: 'string' } } } } } }, responses: { '200': { description: 'ok' } } } } } }));
  const api = await open({ document: path });
  await api.call('upload', { body: { file: Buffer.from('hello').toString('base64'), name: 'x' } });
  const form = await new Response(recorded[0]?.body ?? '', { headers: { 'content-type': recorded[0]?.headers['content-type'] ?? '' } }).formData();
  expect([form.get('name'), await (form.get('file') as File).text()]).toEqual(['x', 'hello']);
});

test('a shop: forms, deep objects and lists reach the service as its document says, with its key', async () => {
  const api = await open({ document: `${FOLDER}shop.yaml`, url: `${base}/v1`, headers: { Authorization: 'Bearer secret' } });
  const tools = await api.tools();
  expect(tools.map(({ name }) => name)).toEqual(['ListOrders', 'CreateOrder', 'GetOrder', 'CancelOrder']);
  expect(JSON.stringify(tools)).not.toContain('$ref');
  expect(tools[1]?.inputSchema).toMatchObject({ required: ['body'], properties: { body: { properties: { count: { type: ['integer', 'null'] }, parent: { properties: { items: { items: {} } } } } } } });
  await api.call('ListOrders', { created: { gte: 1, lt: 2 }, expand: ['a b', 'c'], limit: 5 });
  await api.call('CreateOrder', { body: { sku: 'x&y=z', count: 2 } });
  expect(recorded.map(({ method, url, body, headers }) => [method, url, body, headers.authorization])).toEqual([
    ['GET', '/v1/orders?created%5Bgte%5D=1&created%5Blt%5D=2&expand=a%20b&expand=c&limit=5', '', 'Bearer secret'],
    ['POST', '/v1/orders', 'sku=x%26y%3Dz&count=2', 'Bearer secret'],
  ]);
});

test('a forge: names without operation ids, joined lists, headers that are the caller’s and those that are not', async () => {
  const api = await open({ document: `${FOLDER}forge.json`, url: `${base}/api/v3` });
  const tools = await api.tools();
  expect(tools.map(({ name }) => name)).toEqual(['issues_list-for-repo', 'post_repos_owner_repo_issues', 'files_get']);
  expect(Object.keys(tools[0]?.inputSchema['properties'] as JsonObject)).toEqual(['owner', 'repo', 'labels', 'X-Preview']);
  await api.call('issues_list-for-repo', { owner: 'o', repo: 'r', labels: ['bug', 'a,b'], 'X-Preview': 'one' });
  await api.call('post_repos_owner_repo_issues', { owner: 'o', repo: 'r', body: { title: 'T' } });
  expect(recorded.map(({ method, url, body, headers }) => [method, url, body, headers['x-preview']])).toEqual([
    ['GET', '/api/v3/repos/o/r/issues?labels=bug,a%2Cb', '', 'one'],
    ['POST', '/api/v3/repos/o/r/issues', '{"title":"T"}', undefined],
  ]);
});

test('a weather service: the key goes into the query where the document wants it, and a text answer is a result', async () => {
  answer = () => ({ type: 'text/plain', body: 'sunny' });
  const api = await open({ document: `${FOLDER}weather.yaml`, headers: { appid: 'k&1' } });
  expect(await api.call('forecast', { lat: 1.5, lon: -2, days: [1, 2] })).toMatchObject({ structuredContent: { result: 'sunny' } });
  expect(recorded[0]?.url).toBe('/forecast?lat=1.5&lon=-2&days=1%7C2&appid=k%261');
  expect(recorded[0]?.headers['appid']).toBeUndefined();
});

test('filters choose operations by id, method, path and tag', async () => {
  const names = async (operations: Partial<OperationFilter>) => (await (await open({ document: `${FOLDER}shop.yaml`, operations })).tools()).map(({ name }) => name);
  expect(await names({ readOnly: true })).toEqual(['ListOrders', 'GetOrder']);
  expect(await names({ tags: ['orders'], exclude: ['POST *'] })).toEqual(['ListOrders', 'GetOrder']);
  expect(await names({ include: ['* /orders/*'] })).toEqual(['GetOrder', 'CancelOrder']);
});

test('pages are followed within the service, an error of the service is an error, a redirect is not followed', async () => {
  answer = ({ url }) => {
    if (url.includes('page=3')) return { body: '[3]', headers: { link: '<https://elsewhere.example/>; rel="next"' } };
    return { body: url.includes('page=2') ? '[2]' : '[1]', headers: { link: `<${url.includes('page=2') ? '/v1/orders?page=3' : '/v1/orders?page=2'}>; rel="next"` } };
  };
  const api = await open({ document: `${FOLDER}shop.yaml`, url: `${base}/v1`, pagesMax: 10 });
  expect(await api.call('ListOrders', {})).toMatchObject({ structuredContent: { result: [1, 2, 3] } });
  answer = () => ({ status: 422, body: '{"error":"no"}' });
  expect(await api.call('GetOrder', { order: 'x' })).toMatchObject({ isError: true, content: [{ text: 'HTTP 422\n{"error":"no"}' }] });
  answer = () => ({ status: 302, body: '', headers: { location: `${base}/stolen` } });
  expect(await api.call('GetOrder', { order: 'x' })).toMatchObject({ isError: true });
  expect(recorded.some(({ url }) => url === '/stolen')).toBe(false);
});

const ATTACKS: readonly (readonly [string, unknown])[] = [
  ['..', 'refused'],
  ['.', 'refused'],
  ['%2e%2e', '%252e%252e'],
  ['../admin', '..%2Fadmin'],
  ['..\\admin', '..%5Cadmin'],
  ['a/../../admin', 'a%2F..%2F..%2Fadmin'],
  ['/etc/passwd', '%2Fetc%2Fpasswd'],
  ['//evil.example', '%2F%2Fevil.example'],
  ['a?admin=1', 'a%3Fadmin%3D1'],
  ['a#frag', 'a%23frag'],
  ['a&b=c', 'a%26b%3Dc'],
  ['a;b=c', 'a%3Bb%3Dc'],
  ['a\r\nHost: evil', 'a%0D%0AHost%3A%20evil'],
  ['a\0b', 'a%00b'],
  ['a b', 'a%20b'],
  ['a%2Fb', 'a%252Fb'],
  ['{repo}', '%7Brepo%7D'],
  ['', 'refused'],
  ['\ud800', 'refused'],
  ["a'b(c)*!", 'a%27b%28c%29%2A%21'],
  ['@evil.example', '%40evil.example'],
  [':8080', '%3A8080'],
  ['ünï', '%C3%BCn%C3%AF'],
];

test.each(ATTACKS)('[SF-10] the path value %j stays in its place', async (value, expected) => {
  const api = await open({ document: `${FOLDER}forge.json`, url: `${base}/api/v3` });
  const result = await api.call('files_get', { path: value as string });
  if (expected === 'refused') {
    expect(result).toMatchObject({ isError: true });
    expect(recorded).toEqual([]);
  } else expect(recorded.map(({ url }) => url)).toEqual([`/api/v3/files/${String(expected)}`]);
});

test.each(['a\r\nX-Evil: 1', 'a\nb', 'a\0b'])('the header value %j is refused', async (value) => {
  const api = await open({ document: `${FOLDER}forge.json` });
  expect(await api.call('issues_list-for-repo', { owner: 'o', repo: 'r', 'X-Preview': value })).toMatchObject({ isError: true });
  expect(recorded).toEqual([]);
});

const operation = { responses: { '200': { description: 'OK' } } };
test.each([
  ['a file', 'file:///etc/passwd'],
  ['another host', 'https://evil.example/schema.json'],
  ['a file beside it', './secret.json#/a'],
  ['a prototype', '#/__proto__/polluted'],
  ['a constructor', '#/constructor/prototype'],
  ['itself', '#/components/schemas/Loop'],
])('a reference to %s is not followed', async (_title, reference) => {
  const folder = mkdtempSync(join(tmpdir(), 'openapi-test-'));
  const document = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: { '/a': { post: { operationId: 'a', requestBody: { content: { 'application/json': { schema: { $ref: reference } } } }, ...operation } } }, components: { schemas: { Loop: { $ref: '#/components/schemas/Loop' } } } };
  writeFileSync(join(folder, 'd.json'), JSON.stringify(document));
  const outcome = await open({ document: join(folder, 'd.json') }).then(
    async (api) => JSON.stringify((await api.tools())[0]?.inputSchema['properties']),
    (thrown: { code: string }) => thrown.code,
  );
  expect(['{"body":{}}', 'upstream.protocol_error']).toContain(outcome);
  expect(recorded).toEqual([]);
});

test('schemas that double at each level stay small', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openapi-test-'));
  const schemas = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`S${at}`, { type: 'object', properties: { a: { $ref: `#/components/schemas/S${at + 1}` }, b: { $ref: `#/components/schemas/S${at + 1}` } } }]));
  const document = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: { '/a': { post: { operationId: 'a', requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/S0' } } } }, ...operation } } }, components: { schemas: { ...schemas, S30: { type: 'string' } } } };
  writeFileSync(join(folder, 'd.json'), JSON.stringify(document));
  const api = await open({ document: join(folder, 'd.json') });
  expect(JSON.stringify(await api.tools()).length).toBeLessThan(500_000);
});

test('a document from an address is read with the same rules, and an address that only it names must be public', async () => {
  const document = { openapi: '3.1.0', info: { title: 'x', version: '1' }, servers: [{ url: 'http://127.0.0.1:9/' }], paths: { '/a': { get: { operationId: 'a', ...operation } } } };
  answer = () => ({ body: JSON.stringify(document) });
  await expect(open({ document: `${base}/openapi.json`, url: '' })).rejects.toMatchObject({ code: 'egress.refused' });
  answer = ({ url }) => ({ body: url === '/openapi.json' ? JSON.stringify({ ...document, servers: [{ url: '/v9' }] }) : '{"fine":true}' });
  expect(await (await open({ document: `${base}/openapi.json`, url: '' })).call('a', {})).toMatchObject({ structuredContent: { fine: true } });
  expect(recorded.at(-1)?.url).toBe('/v9/a');
});
