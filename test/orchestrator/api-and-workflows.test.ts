import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import SwaggerParser from '@apidevtools/swagger-parser';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEY = `sk_mt_${'k'.repeat(64)}`;
const config = {
  servers: { calc: { type: 'template', template: 'basic_calculator' }, data: { type: 'template', template: 'data_processor' }, sql: { type: 'template', template: 'sqlite' }, flows: { type: 'workflows' } },
  namespaces: { default: { servers: ['calc', 'data', 'sql', 'flows'], policies: ['careful'] } },
  policies: { careful: { rules: [{ effect: 'deny', what: { names: ['divide'] } }] } },
  endpoints: { default: { namespace: 'default', auth: { apiKey: true } }, other: { namespace: 'default', auth: { apiKey: true } } },
  keys: { one: { value: KEY, endpoints: ['default'] } },
};
let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ config });
}, 60_000);
afterAll(() => gateway.stop());

const api = (path: string, init: RequestInit & { readonly key?: string } = {}) => fetch(`${gateway.url}/metamcp/default/api${path}`, { ...init, headers: { authorization: `Bearer ${init.key ?? KEY}`, ...init.headers } });
const post = (tool: string, body: unknown) => api(`/${tool}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function admin(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('an endpoint is a valid OpenAPI 3.1 document with security, output schemas and problems', async () => {
  const response = await api('/openapi.json');
  const document = (await response.json()) as { paths: Record<string, object>; components: { securitySchemes: object } };
  expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/metamcp/default/api' }], security: [{ key: [] }, { bearer: [] }] });
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/calc__add', '/sql__list_tables']));
  expect(Object.keys(document.paths)).not.toContain('/calc__divide');
  expect(document.paths['/calc__add']).toMatchObject({ post: { operationId: 'calc_add', requestBody: { required: true }, responses: { '200': {}, '401': {}, '422': {} } } });
  expect(document.paths['/sql__list_tables']).toHaveProperty('get');
  await SwaggerParser.validate(document as unknown as Parameters<typeof SwaggerParser.validate>[0], { resolve: { external: false } });
});

test('a tool is called as plain HTTP, with GET where it takes no arguments', async () => {
  const added = await post('calc__add', { a: 15, b: 27 });
  expect(added.status).toBe(200);
  expect(await added.json()).toEqual({ content: [{ type: 'text', text: '42' }], structuredContent: { result: 42 } });
  expect(await (await api('/sql__list_tables')).json()).toMatchObject({ structuredContent: { tables: [] } });
});

test.each([
  ['without a key', () => fetch(`${gateway.url}/metamcp/default/api/calc__add`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }), 401],
  ['with another key', () => api('/openapi.json', { key: `sk_mt_${'x'.repeat(64)}` }), 401],
  ['a tool that is denied', () => post('calc__divide', { a: 1, b: 1 }), 404],
  ['a tool that is not there', () => post('nope', {}), 404],
  ['a body that is no JSON', () => api('/calc__add', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }), 400],
  ['a body that is no object', () => post('calc__add', [1]), 400],
  ['a form', () => api('/calc__add', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' }), 415],
  ['GET for a tool with arguments', () => api('/calc__add'), 405],
  ['GET from a page of somebody else', () => api('/sql__list_tables', { headers: { 'sec-fetch-site': 'cross-site' } }), 403],
  ['a tool that fails', () => post('calc__add', { a: 'x', b: 1 }), 422],
])('%s is a problem with a fitting status', async (_title, ask, status) => {
  const response = await ask();
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await response.json()).toMatchObject({ status, type: expect.stringMatching(/^urn:metamcp:fault:/), title: expect.any(String) });
});

test('the reference page comes without a key and loads nothing from elsewhere', async () => {
  const page = await fetch(`${gateway.url}/metamcp/default/api`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  expect((await page.text()).match(/(?:src|href)="(?!\/metamcp\/default\/api\/assets\/)/)).toBeNull();
  for (const asset of ['swagger-ui.css', 'swagger-ui-bundle.js', 'start.js']) expect((await fetch(`${gateway.url}/metamcp/default/api/assets/${asset}`)).status).toBe(200);
});

const definition = {
  endpoint: 'default',
  description: 'Adds one to each number and says how many there are.',
  inputs: { type: 'object', properties: { numbers: { type: 'array', items: { type: 'number' } } }, required: ['numbers'] },
  steps: [
    { id: 'add', tool: 'calc__add', arguments: { a: { $from: '$.item' }, b: 1 }, map: { over: '$.inputs.numbers', concurrency: 3 }, idempotent: true },
    { id: 'sum', tool: 'data__summarize_data', arguments: { records: { $from: '$.steps.add.result' } } },
  ],
  output: { count: { $from: '$.steps.sum.result.count' }, first: { $from: '$.steps.add.result[0].result' } },
};

test('a stored workflow is a tool with a schema, and its run can be looked at', async () => {
  expect((await admin('PUT', '/workflows/increment', { definition, public: true })).status).toBe(200);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcp('default')), { requestInit: { headers: { authorization: `Bearer ${KEY}` } } }));
  const deadline = performance.now() + 10_000;
  let tool: { inputSchema: object } | undefined;
  while (tool === undefined && performance.now() < deadline) tool = (await client.listTools()).tools.find(({ name }) => name === 'flows__increment');
  expect(tool?.inputSchema).toMatchObject({ required: ['numbers'] });
  const result = await client.callTool({ name: 'flows__increment', arguments: { numbers: [1, 2, 3] } });
  expect(result.structuredContent).toMatchObject({ status: 'done', output: { count: 3, first: 2 } });
  await client.close();
  const { body } = await admin('GET', `/workflow-runs/${String((result.structuredContent as { run_id: string }).run_id)}`);
  expect(body).toMatchObject({ workflow: 'increment', status: 'done', edges: [{ from: 'add', to: 'sum' }], steps: expect.arrayContaining([expect.objectContaining({ key: 'add[2]', step: 'add', status: 'done', attempts: 1 })]) });
});

test('a workflow opens no endpoint that a request of its principal would not', async () => {
  await admin('PUT', '/workflows/elsewhere', { definition: { ...definition, endpoint: 'other' }, public: true });
  const deadline = performance.now() + 10_000;
  let response = await post('flows__elsewhere', { numbers: [1] });
  while (response.status === 404 && performance.now() < deadline) response = await post('flows__elsewhere', { numbers: [1] });
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining('Unknown tool') });
});

test('every step is asked of policy as who runs it: a denied tool fails the run', async () => {
  await admin('PUT', '/workflows/sly', { definition: { endpoint: 'default', steps: [{ id: 'a', tool: 'calc__divide', arguments: { a: 1, b: 1 } }] } });
  const { body } = await admin('POST', '/workflows/sly/runs', {});
  const deadline = performance.now() + 10_000;
  let run = body;
  while (run['status'] === 'running' && performance.now() < deadline) run = (await admin('GET', `/workflow-runs/${String(body['id'])}`)).body;
  expect(run).toMatchObject({ status: 'failed' });
});

test('a run goes on in the next gateway after kill -9', async () => {
  await admin('PUT', '/workflows/long', { definition: { ...definition, steps: [{ ...definition.steps[0], map: { over: '$.inputs.numbers', concurrency: 1 } }, definition.steps[1]] } });
  const { body } = await admin('POST', '/workflows/long/runs', { inputs: { numbers: Array.from({ length: 400 }, (_, at) => at) } });
  const { data } = gateway;
  await gateway.kill();
  gateway = await startGateway({ config, data });
  const deadline = performance.now() + 90_000;
  let run: Record<string, unknown> = {};
  while (run['status'] !== 'done' && performance.now() < deadline) run = (await admin('GET', `/workflow-runs/${String(body['id'])}`)).body;
  expect(run).toMatchObject({ status: 'done', output: { count: 400, first: 1 } });
  expect((run['steps'] as { attempts: number }[]).filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(1);
}, 120_000);

test('the catalogue file is read in the form of the official registry, with pins and updates', async () => {
  const entry = (version: string | undefined) => ({ server: { name: 'io.example/files', description: 'Files', ...(version === undefined ? {} : { version }), packages: [{ registryType: 'npm', identifier: '@example/files', ...(version === undefined ? {} : { version, fileSha256: (version === '1.2.3' ? 'a' : 'b').repeat(64) }), transport: { type: 'stdio' } }] } });
  await writeFile(join(gateway.data, 'catalogue.json'), JSON.stringify({ servers: [entry('1.2.3'), { nonsense: true }] }));
  const { body } = await admin('GET', '/registry');
  expect(body).toMatchObject({ items: [{ name: 'io.example/files', version: '1.2.3', isPinned: true, integrity: `sha256:${'a'.repeat(64)}`, server: 'files', config: { type: 'stdio', args: ['-y', '@example/files@1.2.3'] }, installedVersion: null, hasUpdate: false }], problems: [expect.stringContaining('no server')] });
  expect((await admin('POST', '/registry/resolve', entry(undefined))).body).toMatchObject({ isPinned: false, warnings: expect.arrayContaining([expect.stringContaining('no exact version')]) });
});

test('an update is told, a package that changed under its version is warned of, and an update is undone by rolling back', async () => {
  const entry = (version: string, hash: string) => ({ name: 'io.example/tool', version, packages: [{ registryType: 'npm', identifier: '@example/tool', version, fileSha256: hash.repeat(64), transport: { type: 'stdio' } }] });
  const catalogue = (version: string, hash: string) => writeFile(join(gateway.data, 'catalogue.json'), JSON.stringify({ servers: [entry(version, hash)] }));
  const shown = async (): Promise<Record<string, unknown>> => ((await admin('GET', '/registry')).body['items'] as Record<string, unknown>[])[0] ?? {};
  await catalogue('1.0.0', 'a');
  expect((await admin('POST', '/servers', { name: 'tool', config: { ...(await shown())['config'] as object, enabled: false } })).status).toBe(201);
  const versions = (await admin('GET', '/config/versions')).body['items'] as { number: number }[];
  const before = Math.max(...versions.map(({ number }) => number));
  expect(await shown()).toMatchObject({ installedVersion: '1.0.0', hasUpdate: false });
  await catalogue('1.0.0', 'c');
  expect((await shown())['warnings']).toEqual(expect.arrayContaining([expect.stringContaining('another hash')]));
  await catalogue('1.1.0', 'b');
  const update = await shown();
  expect(update).toMatchObject({ hasUpdate: true, integrity: `sha256:${'b'.repeat(64)}` });
  expect((await admin('PUT', '/servers/tool', { config: { ...update['config'] as object, enabled: false } })).status).toBe(200);
  expect(await shown()).toMatchObject({ installedVersion: '1.1.0', hasUpdate: false });
  expect((await admin('POST', '/config/rollback', { number: before })).status).toBe(200);
  expect(await shown()).toMatchObject({ installedVersion: '1.0.0', hasUpdate: true });
});
