/** The examples that users of the Meta-MCP-Server know, by an MCP client, over stdio and over HTTP. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { MAIN } from '../support/program.ts';

type Facts = Readonly<Record<string, unknown>>;

const SCRIPT = `import { createInterface } from 'node:readline';
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const results = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'external', version: '1' } },
    'tools/list': { tools: [{ name: 'greet', inputSchema: { type: 'object', properties: { name: { type: 'string' } } } }] },
    'tools/call': { content: [{ type: 'text', text: 'Hello, ' + params?.arguments?.name }] },
  };
  console.log(JSON.stringify(method in results ? { jsonrpc: '2.0', id, result: results[method] } : { jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } }));
});
`;
const KEY = randomKey();
let folder: string;
let web: Server;
let page: string;
let gateway: RunningGateway;
const clients: Client[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'readme-examples-'));
  mkdirSync(join(folder, 'scripts'));
  writeFileSync(join(folder, 'scripts', 'greeter.mjs'), SCRIPT);
  const file = join(folder, 'meta_mcp_config.json');
  writeFileSync(file, JSON.stringify({ approved_script_roots: [join(folder, 'scripts')] }));
  web = createServer((_request, response) => void response.end('name,value\na,1\nb,2\nc,6\n'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  page = `http://127.0.0.1:${(web.address() as AddressInfo).port}/data.csv`;
  gateway = await startGateway({
    env: { MCP_CONFIG_FILE: file },
    config: { settings: { egressAllow: ['127.0.0.1/32:*'] }, servers: { meta: { type: 'orchestrator' } }, namespaces: { all: { servers: ['meta'], names: { prefix: 'none' } } }, endpoints: { all: { namespace: 'all' } }, keys: { one: { value: KEY } } },
  });
}, 60_000);
afterAll(async () => {
  for (const client of clients) await client.close();
  await gateway.stop();
  web.close();
  rmSync(folder, { recursive: true });
});

async function connect(transport: 'stdio' | 'http'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  clients.push(client);
  await client.connect(
    transport === 'http'
      ? new StreamableHTTPClientTransport(new URL(gateway.mcp('all')), { requestInit: { headers: { authorization: `Bearer ${KEY}` } } })
      : new StdioClientTransport({ command: process.execPath, args: [MAIN, 'stdio', '--orchestrator'], cwd: folder, env: { PATH: process.env['PATH'] ?? '' }, stderr: 'inherit' }),
  );
  return client;
}

describe.each(['stdio', 'http'] as const)('over %s', (transport) => {
  let client: Client;
  beforeAll(async () => {
    client = await connect(transport);
  }, 60_000);
  const call = async (name: string, args: Facts = {}): Promise<Facts> => {
    const result = await client.callTool({ name, arguments: args });
    return (result.structuredContent ?? { refused: (result.content as { text: string }[])[0]?.text }) as Facts;
  };

  test('a calculator: 15 + 27 is 42, and each of its four operations works', async () => {
    const { server_id, status } = await call('create_server', { name: 'calculator', server_type: 'python', template: 'basic_calculator' });
    expect([typeof server_id, status]).toEqual(['string', 'running']);
    const run = (tool_name: string, a: number, b: number): Promise<Facts> => call('execute_on_server', { server_id, tool_name, arguments: { a, b } });
    expect(await run('add', 15, 27)).toEqual({ result: 42, status: 'success' });
    expect(await Promise.all([run('subtract', 50, 8), run('multiply', 6, 7), run('divide', 84, 2)])).toEqual(Array.from({ length: 3 }, () => ({ result: 42, status: 'success' })));
    expect(await call('health_check', { server_id })).toMatchObject({ status: 'healthy' });
  });

  test('fetch and analyse: the plan names a tool of each server in order, and a result is taken on to the next step', async () => {
    const asked = { task_description: 'Parse the CSV text and then summarize the records', required_capabilities: ['data_analysis'] };
    const plan = await call('orchestrate_task', asked);
    expect(plan).toMatchObject({ status: 'ready', missing_capabilities: [], plan: { steps: [{ id: 'step_1', arguments: { tool_name: 'parse_csv' } }, { id: 'step_2', needs: ['step_1'], arguments: { tool_name: 'summarize_data' } }] } });
    const both = await call('orchestrate_task', { ...asked, inputs: { step_1: { text: 'name,value\na,1\nb,2\nc,6' }, step_2: { records: { $from: '$.steps.step_1.result.records' } } } });
    expect(both).toMatchObject({ status: 'done', results: { step_1: { count: 3 }, step_2: { count: 3 } } });
    const failing = await call('orchestrate_task', { ...asked, inputs: { step_1: { text: 7 } } });
    expect(failing).toMatchObject({ status: 'failed', reason: expect.stringContaining('step_1') });
    const found = await call('orchestrate_task', { task_description: 'Scrape the page and analyse its data', required_capabilities: ['web_scraping', 'data_analysis'] });
    expect((found['servers'] as { template: string }[]).map(({ template }) => template).toSorted()).toEqual(['data_processor', 'web_scraper_template']);
    // An address of this machine is nobody's to fetch unless an operator says so.
    const scraper = (found['servers'] as { template: string; server_id: string; tools: string[] }[]).find(({ template }) => template === 'web_scraper_template');
    const fetched = await call('execute_on_server', { server_id: scraper?.server_id, tool_name: scraper?.tools[0], arguments: { url: page } });
    if (transport === 'http') expect(fetched).toMatchObject({ status: 'success' });
    else expect(fetched).toMatchObject({ status: 'error' });
  }, 30_000);

  test('an external script below an approved folder is a server like any other', async () => {
    const { server_id } = await call('create_server', { name: 'external', server_type: 'node', script_path: join(folder, 'scripts', 'greeter.mjs'), config: { timeout: 10, max_memory_mb: 256 } });
    expect(await call('execute_on_server', { server_id, tool_name: 'greet', arguments: { name: 'Ann' } })).toEqual({ result: 'Hello, Ann', status: 'success' });
    expect(await call('get_server_capabilities', { server_id })).toMatchObject({ tools: [{ name: 'greet' }] });
  });

  test('a pooled server is the same one when it is asked for again', async () => {
    const first = await call('get_or_create_pooled_server', { template: 'basic_calculator', use_pooling: true });
    const second = await call('get_or_create_pooled_server', { template: 'basic_calculator' });
    expect(second).toMatchObject({ server_id: first['server_id'], reused: true });
  });

  test('health counts all, history tells what happened, and nothing is left when all are stopped', async () => {
    const health = await call('health_check_all');
    expect(health).toMatchObject({ unhealthy_count: 0 });
    expect(health['healthy_count']).toBe(health['total']);
    const { events } = await call('get_event_history', { limit: 100 });
    expect(new Set((events as { event_type: string }[]).map(({ event_type }) => event_type))).toEqual(new Set(['created', 'started', 'ready', 'called', 'reused']));
    expect(await call('stop_all_servers')).toMatchObject({ status: 'success' });
    expect(await call('list_servers')).toEqual({ servers: [], count: 0 });
  });
});
