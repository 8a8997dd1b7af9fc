/** From nothing to a tool call over HTTP alone, then the same from one file: the program as users start it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, expect, test, vi } from 'vitest';
import { CatalogDocumentSchema } from '../model/catalog-document.ts';
import { MAIN } from '../../test/support/program.ts';

const SAMPLE = fileURLToPath(new URL('../sample/server.ts', import.meta.url));
const CANARY = 'canary-77aa';
const stops: (() => Promise<void>)[] = [];

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Running {
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  readonly child: ChildProcess;
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-objects-'));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function start(folder: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--data', folder, '--print-json', ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
  stops.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  const { token } = JSON.parse(await readFile(join(folder, 'gateway.json'), 'utf8')) as { token: string };
  const ask: Running['ask'] = async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { folder, url, token, child, ask };
}

async function connect(url: string, endpoint: string, key: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/metamcp/${endpoint}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } } }));
  stops.push(() => client.close());
  return client;
}

async function cli(folder: string, args: readonly string[], stdin = ''): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, METAMCP_DATA: folder }, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    stderr += piece.toString();
  });
  child.stdin.end(stdin);
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

test('a server, a namespace, an endpoint and a key are made over HTTP, an MCP client lists and calls, and all of it survives kill -9', async () => {
  const folder = await newFolder();
  let gateway = await start(folder);
  const { ask } = gateway;
  const statuses = [
    await ask('DELETE', 'namespaces/default?force=true'),
    await ask('DELETE', 'servers/sample'),
    await ask('POST', 'servers', { name: 'tools', config: { command: process.execPath, args: [SAMPLE], env: { SECRET: CANARY } } }),
    await ask('POST', 'namespaces', { name: 'dev', config: { servers: ['tools'] } }),
    await ask('POST', 'endpoints', { name: 'dev', config: { namespace: 'dev' } }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 201, 201, 201]);
  const key = String((await ask('POST', 'keys', { name: 'laptop', endpoints: ['dev'] })).body['value']);

  const client = await connect(gateway.url, 'dev', key);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain('tools__echo');
  expect(JSON.stringify(await client.callTool({ name: 'tools__echo', arguments: { message: 'hello', echo: 'hello', text: 'hello' } }))).toContain('hello');
  expect((await ask('GET', 'sessions')).body['items']).toMatchObject([{ endpoint: 'dev', principal: { kind: 'key', name: 'laptop' }, client: 'test 1' }]);

  const catalogUrl = `${gateway.url}/metamcp/dev/catalog.json`;
  expect((await fetch(catalogUrl)).status).toBe(401);
  const catalog = CatalogDocumentSchema.parse(await (await fetch(catalogUrl, { headers: { 'x-api-key': key } })).json());
  expect([catalog.endpoint, catalog.incomplete, catalog.tools.map(({ name }) => name)]).toEqual(['dev', [], tools.map(({ name }) => name)]);

  gateway.child.kill('SIGKILL');
  await once(gateway.child, 'exit');
  gateway = await start(folder);
  expect((await (await connect(gateway.url, 'dev', key)).listTools()).tools).toHaveLength(tools.length);
  for (const file of ['metamcp.db', 'metamcp.db-wal', 'logs/app.log', 'logs/error.log']) {
    expect(await readFile(join(folder, file), 'latin1').catch(() => '')).not.toContain(CANARY);
  }
});

test('an endpoint that is switched to another namespace tells open sessions at once', async () => {
  const gateway = await start(await newFolder());
  const { ask } = gateway;
  await ask('POST', 'namespaces', { name: 'bare', config: { servers: ['sample'], names: { prefix: 'none' } } });
  const key = String((await ask('POST', 'keys', { name: 'laptop' })).body['value']);
  const client = await connect(gateway.url, 'default', key);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('sample__echo');
  let notices = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => void notices++);
  // The client opens the stream that carries notices on its own, some time after it connected.
  await expect
    .poll(async () => {
      await ask('POST', 'endpoints/default/switch', { namespace: 'default' });
      await ask('POST', 'endpoints/default/switch', { namespace: 'bare' });
      return notices;
    })
    .toBeGreaterThan(0);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
  const { id } = ((await ask('GET', 'sessions')).body['items'] as { id: string }[])[0] ?? { id: '' };
  expect((await ask('DELETE', `sessions/${id}`)).status).toBe(200);
  expect((await ask('GET', 'sessions')).body['items']).toEqual([]);
});

test('one file does the same, and what is exported applies without a change', async () => {
  const folder = await newFolder();
  const gateway = await start(folder);
  const file = join(folder, 'my.json');
  const document = {
    servers: { tools: { command: process.execPath, args: [SAMPLE], env: { SECRET: CANARY } } },
    namespaces: { dev: { servers: ['tools'] } },
    endpoints: { dev: { namespace: 'dev' } },
    keys: { laptop: { generate: true, endpoints: ['dev'] } },
  };
  await writeFile(file, JSON.stringify(document));
  expect((await cli(folder, ['apply', '-f', file, '--dry-run'])).stdout).toContain('4 to create, 0 to change, 0 to delete.');
  const applied = await cli(folder, ['apply', '-f', file, '--reason', 'first']);
  const key = /shown this once: (sk_mt_\w+)/.exec(applied.stdout)?.[1] ?? '';
  expect((await (await connect(gateway.url, 'dev', key)).listTools()).tools.length).toBeGreaterThan(0);

  const exported = await cli(folder, ['export']);
  expect(exported.stdout).not.toContain(CANARY);
  expect(await cli(folder, ['apply'], exported.stdout)).toEqual({ code: 0, stdout: 'No changes.\n', stderr: '' });
  expect((await cli(folder, ['apply', '-f', file])).stdout).toBe('No changes.\n');

  await writeFile(file, JSON.stringify({ ...document, endpoints: {}, keys: {} }));
  expect((await cli(folder, ['apply', '-f', file, '--reason', 'less'])).stdout).toContain('- endpoints.dev');
  expect((await cli(folder, ['history'])).stdout).toMatch(/^3 .+ operator {2}less$/m);
  expect((await cli(folder, ['diff', '2', '3'])).stdout).toContain('- keys.laptop');
  expect((await cli(folder, ['rollback', '2'])).stdout).toContain('+ endpoints.dev');
  const refused = await cli(folder, ['apply', '-f', '-'], 'servers: { x: { ulr: "https://x.example" } }');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('the nearest known name is "url"')]);
});

test('a client file is imported beside what is there, and one gateway is promoted to another once its calls pass', async () => {
  const [staging, prod] = [await newFolder(), await newFolder()];
  await start(staging);
  const target = await start(prod);
  const file = join(staging, 'claude_desktop_config.json');
  await writeFile(file, JSON.stringify({ mcpServers: { 'my tools': { command: process.execPath, args: [SAMPLE] } } }));
  const imported = await cli(staging, ['import', file]);
  expect([imported.code, imported.stderr]).toEqual([0, 'warning: server "my tools" is called "my-tools" here\n']);
  expect(imported.stdout).toContain('servers: ["sample"] → ["sample","my-tools"]');

  const flows = join(staging, 'flows.yaml');
  await writeFile(flows, '- { tool: my-tools__echo, arguments: { message: hi, echo: hi, text: hi }, expect: bye }\n');
  const failed = await cli(staging, ['promote', staging, prod, '--test', flows]);
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('Nothing was promoted')]);
  expect((await target.ask('GET', 'servers/my-tools')).status).toBe(404);

  await writeFile(flows, '- { tool: my-tools__echo, arguments: { message: hi, echo: hi, text: hi }, expect: hi }\n');
  const promoted = await cli(staging, ['promote', staging, prod, '--test', flows]);
  expect([promoted.code, promoted.stdout]).toEqual([0, expect.stringContaining('+ servers.my-tools')]);
  expect((await target.ask('GET', 'servers/my-tools')).status).toBe(200);
});

test('what is exported goes to MCP clients, and a portable file to another gateway, which needs nothing but the secrets', async () => {
  const folder = await newFolder();
  const { ask } = await start(folder);
  const file = join(folder, 'team.yaml');
  const server = { command: process.execPath, args: [SAMPLE], env: { API_TOKEN: CANARY } };
  await writeFile(file, JSON.stringify({ servers: { tools: server, far: { url: 'https://far.example/mcp', bearerToken: CANARY, enabled: false } }, namespaces: { dev: { servers: ['tools'], tools: { tools__echo: { name: 'say' } } } }, endpoints: { dev: { namespace: 'dev' } }, keys: { laptop: { generate: true, endpoints: ['dev'] } } }));
  expect((await cli(folder, ['apply', '-f', file])).code).toBe(0);

  const exported = async (...args: string[]) => {
    const result = await cli(folder, ['export', ...args]);
    expect([args, result.code, result.stdout.includes(CANARY)]).toEqual([args, 0, false]);
    return result;
  };
  const claude = await exported('--format', 'mcpServers');
  expect(JSON.parse(claude.stdout)).toMatchObject({ mcpServers: { tools: { type: 'stdio', command: process.execPath, args: [SAMPLE], env: { API_TOKEN: '${API_TOKEN}' } }, far: { type: 'http', url: 'https://far.example/mcp' } } });
  expect(claude.stderr).toBe('Set these where it is used, they stand for secrets: API_TOKEN, FAR_BEARERTOKEN\n');
  const code = JSON.parse((await exported('--format', 'vscode')).stdout) as { inputs: { id: string }[]; servers: object };
  expect([code.inputs.map(({ id }) => id), Object.keys(code.servers)]).toEqual([['API_TOKEN', 'FAR_BEARERTOKEN'], ['sample', 'tools', 'far']]);
  const wrong = await cli(folder, ['export', '--format', 'portabel']);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('Did you mean portable?')]);

  const portable = await exported('--format', 'portable', '--namespace', 'dev');
  expect(portable.stderr).toContain('API_TOKEN');
  const other = await newFolder();
  const elsewhere = await start(other, [], { API_TOKEN: 'of-the-other-place' });
  const arrived = join(other, 'arrived.yaml');
  await writeFile(arrived, portable.stdout);
  const applied = await cli(other, ['apply', '-f', arrived]);
  expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('+ endpoints.dev')]);
  const key = String((await elsewhere.ask('POST', 'keys', { name: 'laptop' })).body['value']);
  expect((await (await connect(elsewhere.url, 'dev', key)).listTools()).tools.map(({ name }) => name)).toContain('say');
  expect((await cli(other, ['export', '--format', 'portable', '--namespace', 'dev'])).stdout).toBe(portable.stdout);
  const imported = join(other, 'claude_desktop_config.json');
  await writeFile(imported, claude.stdout);
  const owned = await cli(other, ['import', imported, '--dry-run']);
  expect([owned.code, owned.stderr]).toEqual([1, expect.stringContaining('arrived.yaml owns servers.tools')]);
  expect((await cli(other, ['release', 'arrived.yaml'])).code).toBe(0);
  const planned = await cli(other, ['import', imported, '--dry-run']);
  expect([planned.code, planned.stdout]).toEqual([0, expect.stringContaining('+ servers.far')]);

  expect((await ask('PATCH', 'servers/tools', { config: { description: 'x' } })).status).toBe(409);
  expect(await cli(folder, ['release', 'team.yaml', 'servers.tools'])).toEqual({ code: 0, stdout: 'released servers.tools\n', stderr: '' });
  expect((await ask('PATCH', 'servers/tools', { config: { description: 'x' } })).status).toBe(200);
  expect((await cli(folder, ['release', 'team.yaml'])).stdout).toBe('released servers.far\nreleased namespaces.dev\nreleased endpoints.dev\nreleased keys.laptop\n');
  const nothing = await cli(folder, ['release', 'team.yaml']);
  expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('team.yaml')]);
});

test('a file given at start owns what it made, is followed, and gives up what left it', async () => {
  const folder = await newFolder();
  const file = join(folder, 'metamcp.yaml');
  const server = { command: process.execPath, args: [SAMPLE] };
  await writeFile(file, JSON.stringify({ servers: { a: server, b: server }, namespaces: { n: { servers: ['a', 'b'] } }, endpoints: { n: { namespace: 'n' } } }));
  const { ask } = await start(folder, ['--config', file]);
  const refused = await ask('PATCH', 'servers/a', { config: { description: 'x' } });
  expect([refused.status, refused.body['title']]).toEqual([409, `The configuration file ${file} owns servers.a: change it there.`]);
  expect((await ask('POST', 'servers', { name: 'own', config: server })).status).toBe(201);

  await writeFile(file, JSON.stringify({ servers: { a: server }, namespaces: { n: { servers: ['a'] } }, endpoints: { n: { namespace: 'n' } } }));
  await expect.poll(async () => ((await ask('GET', 'servers?sort=name')).body['items'] as { name: string }[]).map(({ name }) => name), { timeout: 5_000 }).toEqual(['a', 'own']);
});
