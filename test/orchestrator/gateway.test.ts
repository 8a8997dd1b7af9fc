import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { parseConfigDocument } from '../../src/model/config-document.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEYS = { ann: `sk_mt_${'a'.repeat(64)}`, ben: `sk_mt_${'b'.repeat(64)}` } as const;
let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({
    config: {
      servers: { calc: { type: 'template', template: 'basic_calculator' }, clock: { type: 'template', template: 'time', with: { timezone: 'Asia/Tokyo' } }, meta: { type: 'orchestrator' }, own: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'per-principal' } },
      namespaces: { default: { servers: ['calc', 'clock', 'meta', 'own'] } },
      endpoints: { default: { namespace: 'default', auth: { apiKey: true } } },
      keys: { ann: { value: KEYS.ann, endpoints: ['default'] }, ben: { value: KEYS.ben, endpoints: ['default'] } },
    },
  });
}, 60_000);
afterAll(() => gateway.stop());

async function connect(key: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcp('default')), { requestInit: { headers: { authorization: `Bearer ${key}` } } }));
  return client;
}

async function call(client: Client, name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const result = await client.callTool({ name, arguments: args });
  return (result.structuredContent ?? { text: (result.content as { text: string }[])[0]?.text }) as Record<string, unknown>;
}

async function admin(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a server made of a template is called like any other, with its parameters', async () => {
  const client = await connect(KEYS.ann);
  expect(await call(client, 'calc__multiply', { a: 6, b: 7 })).toEqual({ result: 42 });
  expect(await call(client, 'clock__get_current_time')).toMatchObject({ timezone: 'Asia/Tokyo', utc_offset: '+09:00' });
  await client.close();
});

test('[ST-09] a server of one principal alone has a process for each, and one to which everybody signs in cannot be shared', async () => {
  const [ann, ben] = await Promise.all([connect(KEYS.ann), connect(KEYS.ben)]);
  const pidFor = async (client: Client): Promise<unknown> => (JSON.parse(String((await call(client, 'own__canary'))['text'])) as { pid: number }).pid;
  const pids = [await pidFor(ann), await pidFor(ben), await pidFor(ann), await pidFor(ben)];
  expect(new Set(pids).size).toBe(2);
  expect([pids[2], pids[3]]).toEqual([pids[0], pids[1]]);
  await Promise.all([ann.close(), ben.close()]);
  const document = (isolation: string) => ({ servers: { x: { url: 'https://x.example/mcp', auth: { type: 'oauth', grant: 'user' }, isolation } } });
  expect(() => parseConfigDocument(document('shared'))).toThrow();
  expect(() => parseConfigDocument(document('per-principal'))).not.toThrow();
}, 30_000);

test('metrics tell of servers on demand and of runs', async () => {
  const client = await connect(KEYS.ann);
  await call(client, 'meta__create_server', { name: 'measured', template: 'basic_calculator' });
  const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const read = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text();
  // Memory is measured now and then.
  await expect.poll(read, { timeout: 10_000 }).toMatch(/metamcp_child_memory\S*source="basic_calculator"\S* [1-9]/);
  const text = await read();
  expect(text).toMatch(/metamcp_children\S*source="basic_calculator"\S* 1/);
  expect(text).toMatch(/metamcp_child_events\S*kind="ready"\S* [1-9]/);
  for (const name of ['cpu_seconds', 'processes', 'uptime_seconds', 'idle_seconds', 'calls', 'errors']) expect(text).toMatch(new RegExp(`metamcp_child_${name}\\S*source="basic_calculator"\\S* [0-9]`));
  expect(text).toMatch(/metamcp_workflow_runs_active\S* 0/);
  await call(client, 'meta__stop_all_servers');
  await client.close();
});

test('the orchestrator runs in a namespace, and each principal sees its own servers alone', async () => {
  const ann = await connect(KEYS.ann);
  const ben = await connect(KEYS.ben);
  const { server_id } = await call(ann, 'meta__create_server', { name: 'mine', template: 'basic_calculator' });
  expect(await call(ann, 'meta__execute_on_server', { server_id, tool_name: 'add', arguments: { a: 15, b: 27 } })).toEqual({ result: 42, status: 'success' });
  expect(await call(ben, 'meta__list_servers')).toMatchObject({ count: 0 });
  expect(await call(ben, 'meta__execute_on_server', { server_id, tool_name: 'add', arguments: { a: 1, b: 1 } })).toMatchObject({ text: expect.stringContaining('There is no server') });
  expect(await call(ben, 'meta__stop_server', { server_id })).toMatchObject({ text: expect.stringContaining('There is no server') });
  expect(await call(ben, 'meta__get_event_history')).toMatchObject({ count: 0 });
  const { body: children } = await admin('GET', '/children');
  expect(children).toMatchObject({ items: [{ id: server_id, source: 'basic_calculator', status: 'running', calls: 1 }] });
  expect((await admin('DELETE', `/children/${String(server_id)}`)).status).toBe(200);
  expect(await call(ann, 'meta__list_servers')).toMatchObject({ count: 0 });
  await Promise.all([ann.close(), ben.close()]);
});

test('events of servers on demand are kept and can be searched', async () => {
  const { items } = (await admin('GET', '/child-events?kind=called')).body;
  expect(items).toMatchObject([{ kind: 'called', source: 'basic_calculator', detail: { tool: 'add', isError: false } }]);
});

test('[ST-01] an operator imports a template, makes a server of it and shares it; nobody else defines one', async () => {
  const template = { name: 'greeter', title: 'Greeter', description: 'Greets.', version: '1.0.0', capabilities: ['greeting'], file: 'greeter.mjs', stateless: true, egress: 'none', files: 'none', parameters: { word: { type: 'string', description: 'How', default: 'Hello', pattern: '^[A-Za-z]+$' } } };
  const source = "export const createTools = ({ parameters }) => [{ name: 'greet', title: 'Greet', description: 'Greets', inputSchema: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] }, annotations: { readOnlyHint: true }, run: ({ who }) => ({ result: `${parameters.word} ${who}` }) }];\n";
  const refused = await fetch(`${gateway.url}/api/v1/templates`, { method: 'POST', headers: { authorization: `Bearer ${KEYS.ann}`, 'content-type': 'application/json' }, body: JSON.stringify({ template, source }) });
  expect(refused.status).toBe(401);
  expect((await admin('POST', '/templates', { template, source })).status).toBe(201);
  expect((await admin('POST', '/templates', { template: { ...template, name: 'time' }, source })).status).toBe(409);
  expect((await admin('GET', '/templates/greeter/export')).body).toEqual({ template, source });
  const client = await connect(KEYS.ann);
  const { server_id } = await call(client, 'meta__create_server', { name: 'g', template: 'greeter' });
  expect(await call(client, 'meta__execute_on_server', { server_id, tool_name: 'greet', arguments: { who: 'Ada' } })).toEqual({ result: 'Hello Ada', status: 'success' });
  await call(client, 'meta__stop_all_servers');
  expect((await admin('DELETE', '/templates/greeter')).status).toBe(200);
  await client.close();
});

test('a configuration with a template or parameter that is not there is refused with its place', async () => {
  const { status, body } = await admin('POST', '/servers', { name: 'bad', config: { type: 'template', template: 'time', with: { timezone: '-rf' } } });
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain('expected no hyphen at the beginning');
});

test('events are streamed as they happen, and whoever heard of one finds it', async () => {
  const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const abort = new AbortController();
  const response = await fetch(`${gateway.url}/api/v1/child-events/stream?kind=ready`, { headers: { authorization: `Bearer ${token}` }, signal: abort.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const client = await connect(KEYS.ann);
  await call(client, 'meta__create_server', { name: 'seen', template: 'time' });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (text.includes('event: child')) break;
  }
  abort.abort();
  const { items } = (await admin('GET', '/child-events?kind=ready')).body as { items: { serverId: string }[] };
  expect(items.map(({ serverId }) => serverId)).toContain(/"serverId":"(srv_\w+)"/.exec(text)?.[1]);
  expect(text).toContain('"kind":"ready","serverId":"srv_');
  await call(client, 'meta__stop_all_servers');
  await client.close();
});
