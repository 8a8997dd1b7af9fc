import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { MAIN } from '../support/program.ts';

const BIN = fileURLToPath(new URL('../../bin/meta-mcp-server.js', import.meta.url));
let folder: string;
const clients: Client[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'orchestrator-test-'));
  mkdirSync(join(folder, 'approved'));
  mkdirSync(join(folder, 'temporary'));
  writeFileSync(join(folder, 'meta_mcp_config.json'), JSON.stringify({ approved_script_roots: [join(folder, 'approved')], max_concurrent_servers: 3, temp_directory: join(folder, 'temporary') }));
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(env: Readonly<Record<string, string>> = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [MAIN, 'stdio', '--orchestrator'], cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env }, stderr: 'inherit' }));
  clients.push(client);
  return client;
}

/** The structured content, or the text where a tool refused. */
async function call(client: Client, name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const result = await client.callTool({ name, arguments: args });
  if (result.isError === true && result.structuredContent === undefined) return { refused: (result.content as { text: string }[])[0]?.text };
  return result.structuredContent as Record<string, unknown>;
}

test('the eleven tools are there under their names, each with schemas and annotations', async () => {
  const client = await start();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['create_server', 'execute_on_server', 'orchestrate_task', 'list_servers', 'get_server_capabilities', 'stop_server', 'stop_all_servers', 'get_or_create_pooled_server', 'health_check', 'health_check_all', 'get_event_history']);
  for (const tool of tools) expect(tool.outputSchema !== undefined && tool.annotations?.readOnlyHint !== undefined && tool.title !== undefined).toBe(true);
});

test('a calculator is made, adds 15 and 27, is healthy, and is gone when it is stopped', async () => {
  const client = await start();
  const created = await call(client, 'create_server', { name: 'calc', template: 'basic_calculator' });
  expect(created).toMatchObject({ status: 'running', tools: ['add', 'subtract', 'multiply', 'divide'] });
  const server_id = created['server_id'];
  expect(await call(client, 'execute_on_server', { server_id, tool_name: 'add', arguments: { a: 15, b: 27 } })).toEqual({ result: 42, status: 'success' });
  expect(await call(client, 'execute_on_server', { server_id, tool_name: 'divide', arguments: { a: 1, b: 0 } })).toEqual({ result: 'Division by zero: b must not be 0', status: 'error' });
  expect(await call(client, 'health_check', { server_id })).toMatchObject({ status: 'healthy', call_count: 2, error_count: 1, limits: { timeout_seconds: 30, max_memory_mb: 512 } });
  expect(await call(client, 'list_servers')).toMatchObject({ count: 1, servers: [{ server_id, name: 'calc', status: 'running' }] });
  expect(await call(client, 'stop_server', { server_id })).toEqual({ server_id, status: 'stopped' });
  expect((await call(client, 'execute_on_server', { server_id, tool_name: 'add', arguments: { a: 1, b: 1 } }))['refused']).toMatch(/stopped.*create_server/);
  const { events } = await call(client, 'get_event_history');
  expect((events as { event_type: string }[]).map((event) => event.event_type).toReversed()).toEqual(['created', 'started', 'ready', 'called', 'called', 'stopped']);
});

test('a task gets the servers that its capabilities need, and a plan that runs', async () => {
  const client = await start();
  const answer = await call(client, 'orchestrate_task', { task_description: 'Read this CSV text', required_capabilities: ['data analysis', 'telepathy'], inputs: { step_1: { text: 'a\n1\n2' } } });
  expect(answer).toMatchObject({ missing_capabilities: ['telepathy'], servers: [{ template: 'data_processor' }], plan: { steps: [{ tool: 'execute_on_server', arguments: { tool_name: 'parse_csv' } }] }, status: 'done', results: { step_1: { count: 2 } } });
});

test('one more server than there may be is refused in words that name the way out', async () => {
  const client = await start();
  for (let count = 0; count < 3; count++) expect(await call(client, 'create_server', { name: 'one', template: 'time' })).toMatchObject({ status: 'running' });
  expect((await call(client, 'create_server', { name: 'four', template: 'time' }))['refused']).toMatch(/3 servers of 3.*stop_all_servers.*max_concurrent_servers/);
  expect(await call(client, 'stop_all_servers')).toEqual({ status: 'success', stopped_count: 3 });
  expect(await call(client, 'health_check_all')).toMatchObject({ total: 0, healthy_count: 0, unhealthy_count: 0 });
});

test('[ST-01] a script is started only below an approved folder, also through a link, and none else', async () => {
  const script = `import { createInterface } from 'node:readline';
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const results = { initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } }, 'tools/list': { tools: [{ name: 'env', inputSchema: { type: 'object' } }] }, 'tools/call': { content: [{ type: 'text', text: JSON.stringify(process.env) }] } };
  console.log(JSON.stringify(method in results ? { jsonrpc: '2.0', id, result: results[method] } : { jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } }));
});
`;
  writeFileSync(join(folder, 'approved', 'own.mjs'), script);
  writeFileSync(join(folder, 'elsewhere.mjs'), script);
  symlinkSync(join(folder, 'elsewhere.mjs'), join(folder, 'approved', 'link.mjs'));
  const client = await start({ SECRET_TOKEN: 'hidden', NODE_OPTIONS: '--no-deprecation' });
  for (const path of ['/elsewhere.mjs', '/approved/link.mjs', '/approved/../elsewhere.mjs', '/approved/absent.mjs'])
    expect((await call(client, 'create_server', { name: 'x', server_type: 'node', script_path: folder + path }))['refused']).toMatch(/approved_script_roots/);
  const created = await call(client, 'create_server', { name: 'x', server_type: 'node', script_path: join(folder, 'approved', 'own.mjs') });
  expect(created).toMatchObject({ status: 'running', tools: ['env'] });
  const { result } = await call(client, 'execute_on_server', { server_id: created['server_id'], tool_name: 'env' });
  // The sandbox adds PWD; nothing of ours is there.
  expect(Object.keys(JSON.parse(String(result)) as object).filter((name) => name !== 'PWD').toSorted()).toEqual(['HOME', 'LANG', 'PATH', 'TMPDIR']);
  const { events } = await call(client, 'get_event_history', { event_type: 'security_violation' });
  expect(events).toHaveLength(4);
});

test('nothing is left behind: no process and no folder', async () => {
  const client = await start();
  await call(client, 'create_server', { name: 'calc', template: 'basic_calculator' });
  await call(client, 'get_or_create_pooled_server', { template: 'time' });
  await client.close();
  for (let attempt = 0; attempt < 300 && readdirSync(join(folder, 'temporary')).length > 0; attempt++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
});

test('the bin says its version', () => {
  expect(spawnSync(process.execPath, [BIN, '--version']).stdout.toString()).toMatch(/^meta-mcp-server \d+\.\d+\.\d+\n$/);
});
