import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../base/clock.ts';
import type { CliHost } from './host.ts';
import { runCli } from './run.ts';

const TOKEN = 'operator-token';
let folder: string;
let gateway: Server;
const asked: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-cli-'));
  gateway = createServer(answer);
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  const { port } = gateway.address() as AddressInfo;
  await writeFile(join(folder, 'gateway.json'), JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: process.pid, token: TOKEN }), { mode: 0o600 });
});

afterAll(async () => {
  gateway.closeAllConnections();
  gateway.close();
  await rm(folder, { recursive: true });
});

test('an unknown command names the nearest one and ends with code 2', async () => {
  const { code, stdout, stderr } = await run(['tolls']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toBe('error: There is no command "tolls".\n  Did you mean: metamcp tools? All commands: metamcp help\n');
});

test('an unknown flag names the nearest one and nothing is run', async () => {
  const { code, stderr } = await run(['tools', '--endpiont', 'x']);
  expect(code).toBe(2);
  expect(stderr).toContain('Did you mean --endpoint?');
});

test('help shows every command with examples', async () => {
  const { code, stdout } = await run(['help']);
  expect(code).toBe(0);
  expect(stdout).toContain('Examples:');
  for (const name of ['serve', 'stdio', 'smoke', 'tools', 'call', 'read', 'prompt', 'keys', 'servers', 'doctor', 'config', 'connect', 'version'])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  expect((await run(['help', 'call'])).stdout).toContain('Usage: metamcp call TOOL');
  expect((await run(['call', '--help'])).stdout).toContain('Usage: metamcp call TOOL');
});

test('version prints the version and the revisions, newest first', async () => {
  expect((await run(['version'])).stdout).toBe('metamcp 1.2.3\nMCP revisions: 2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05\n');
  expect(JSON.parse((await run(['--version', '--json'])).stdout)).toEqual({
    version: '1.2.3',
    revisions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
  });
});

test('without a gateway, the error says how to start one', async () => {
  const { code, stderr } = await run(['servers', '--data', join(folder, 'none')]);
  expect(code).toBe(1);
  expect(stderr).toContain('Start one with: metamcp serve');
});

test('a gateway.json whose process is gone counts as no gateway', async () => {
  const stale = await mkdtemp(join(folder, 'stale-'));
  await writeFile(join(stale, 'gateway.json'), JSON.stringify({ url: 'http://127.0.0.1:1', pid: 2 ** 22 + 1, token: TOKEN }));
  expect((await run(['servers', '--data', stale])).stderr).toContain('No gateway runs');
});

test('a refused operator token says which variable to check', async () => {
  const { code, stderr } = await run(['servers'], { METAMCP_TOKEN: 'wrong' });
  expect(code).toBe(1);
  expect(stderr).toContain('Unauthorized: The token is not valid. (HTTP 401)');
  expect(stderr).toContain('METAMCP_TOKEN');
});

test('servers are a table for people and the same states for machines', async () => {
  const text = await run(['servers']);
  expect(text.stdout.split('\n')[0]).toMatch(/^SERVER +TYPE +STATUS/);
  expect(text.stdout).toMatch(/^good +stdio +ready +2/m);
  const json = JSON.parse((await run(['servers', '--json'])).stdout) as { servers: { name: string }[] };
  expect(json.servers.map((server) => server.name)).toEqual(['good', 'bad']);
  expect((await run(['servers', 'bda'])).stderr).toContain('Did you mean: metamcp servers bad?');
});

test('what a server wrote to stderr reaches the terminal without control characters', async () => {
  const { stdout } = await run(['servers', 'bad']);
  expect(stdout).toContain('spawn failed [31mred');
  expect(stdout).not.toContain('\u001b');
});

test('restart is asked of the gateway and fails when the server does not come up', async () => {
  asked.length = 0;
  const { code, stdout } = await run(['servers', 'restart', 'bad']);
  expect(asked[0]).toBe('POST /api/v1/servers/bad/restart');
  expect([code, stdout]).toEqual([1, 'bad: failed\n']);
});

test('doctor says what is wrong with each server and what to do, and fails when something is', async () => {
  const { code, stdout } = await run(['doctor'], { GITHUB_TOKEN: 'x', HOME: '/' });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^good +ok +ok +2 tools, 0 prompts, 0 resources +12 ms$/m);
  expect(stdout).toContain('Set GITHUB_PERSONAL_ACCESS_TOKEN where the gateway starts (or in its .env file); here GITHUB_TOKEN is set: did you mean that?');
  expect(stdout).toContain('1 of 2 servers need attention.');
  expect(stdout).toContain('endpoint dev: the tool search of good hides that of bad');
});

test('tools lists what the endpoint offers, through the bridge, with the operator token', async () => {
  const { code, stdout } = await run(['tools']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^good__echo +Says it back$/m);
  expect((await run(['tools', 'echo'])).stderr).toContain('Did you mean good__echo?');
});

test('call takes JSON or NAME=VALUE, prints the texts, and fails when the tool does', async () => {
  expect((await run(['call', 'good__echo', '{"message":"hi"}'])).stdout).toBe('hi\n');
  expect((await run(['call', 'good__echo', 'message=12'])).stdout).toBe('12\n');
  const failed = await run(['call', 'good__fail']);
  expect([failed.code, failed.stdout]).toEqual([1, 'it broke\n']);
  const json = JSON.parse((await run(['call', 'good__echo', 'message=x', '--json'])).stdout) as { content: unknown };
  expect(json.content).toEqual([{ type: 'text', text: 'x' }]);
});

test('a call of a tool that is not there names the nearest', async () => {
  const { code, stderr } = await run(['call', 'good__ehco', 'message=x']);
  expect(code).toBe(1);
  expect(stderr).toContain('Did you mean good__echo?');
});

test('smoke lists and echoes', async () => {
  const { code, stdout, stderr } = await run(['smoke', '--json']);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, tools: 2, tool: 'good__echo', revision: '2026-07-28' });
});

test('doctor call tells at which hop a call fails', async () => {
  const well = await run(['doctor', 'call', 'good__echo', 'message=x']);
  expect(well.code).toBe(0);
  expect(well.stdout).toContain('It works at both hops');
  const ill = await run(['doctor', 'call', 'good__fail', '--json']);
  expect(ill.code).toBe(1);
  expect(JSON.parse(ill.stdout)).toMatchObject({
    ok: false,
    endpoint: { isOk: false, failedAt: 'tool' },
    server: { isOk: false, failedAt: 'tool' },
    verdict: expect.stringContaining('in the tool itself') as string,
  });
});

test('a new key is alone on stdout and its story on stderr', async () => {
  const { code, stdout, stderr } = await run(['keys', 'create', 'laptop', '--endpoints', 'default', '--expires', '2027-01-31']);
  expect([code, stdout]).toEqual([0, 'sk_mt_value\n']);
  expect(stderr).toContain('shown this once');
  expect(asked.at(-1)).toBe('POST /api/v1/keys {"name":"laptop","endpoints":["default"],"expiresAt":"2027-01-31T00:00:00.000Z"}');
  expect((await run(['keys', 'create', 'x', '--expires', 'soon'])).stderr).toContain('"soon" is not a date');
});

test('a key is revoked by id or by a name that only one has', async () => {
  expect((await run(['keys', 'revoke', 'laptop'])).stdout).toBe('Revoked k1 (laptop).\n');
  expect((await run(['keys', 'revoke', 'nobody'])).code).toBe(1);
});

test('config prints every setting with its source, and check needs no gateway', async () => {
  expect((await run(['config'])).stdout).toMatch(/^port +12008 +default$/m);
  expect(await run(['config', 'check', 'good.yaml', '--data', 'none'])).toMatchObject({ code: 0, stdout: 'good.yaml: ok\n' });
  const bad = await run(['config', 'check', 'bad.yaml']);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain('bad.yaml:3:1: unknown key');
});

test('connect keeps what is in the file, leaves a backup, and writes a command that needs no key', async () => {
  const home = await mkdtemp(join(folder, 'home-'));
  const file = join(home, '.claude.json');
  await writeFile(file, '{"theme":"dark","mcpServers":{"other":{"command":"x"}}}');
  const { code } = await run(['connect', 'claude-code', '--endpoint', 'dev'], {}, home);
  expect(code).toBe(0);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    theme: 'dark',
    mcpServers: {
      other: { command: 'x' },
      metamcp: { type: 'stdio', command: '/bin/node', args: ['/app/main.ts', 'stdio', '--endpoint', 'dev', '--data', folder] },
    },
  });
  const backup = (await readdir(home)).find((name) => name.endsWith('.backup'));
  expect(await readFile(join(home, backup ?? ''), 'utf8')).toBe('{"theme":"dark","mcpServers":{"other":{"command":"x"}}}');
});

test('connect refuses a file whose comments it would lose', async () => {
  const home = await mkdtemp(join(folder, 'home-'));
  await writeFile(join(home, '.claude.json'), '{ // mine\n}');
  const { code, stderr } = await run(['connect', 'claude-code'], {}, home);
  expect(code).toBe(1);
  expect(stderr).toContain('--print');
  expect(await readFile(join(home, '.claude.json'), 'utf8')).toBe('{ // mine\n}');
});

test('connect --print changes nothing, and puts a key into the environment, not the arguments', async () => {
  const { stdout } = await run(['connect', 'cursor', '--print', '--url', 'https://gateway.example', '--key', 'sk_mt_x']);
  expect(JSON.parse(stdout)).toEqual({
    mcpServers: { metamcp: { command: '/bin/node', args: ['/app/main.ts', 'stdio', '--url', 'https://gateway.example'], env: { METAMCP_KEY: 'sk_mt_x' } } },
  });
  const http = await run(['connect', 'cursor', '--print', '--http', '--url', 'https://gateway.example/sub', '--key', 'k', '--endpoint', 'dev']);
  expect(JSON.parse(http.stdout)).toEqual({
    mcpServers: { metamcp: { url: 'https://gateway.example/sub/metamcp/dev/mcp', headers: { Authorization: 'Bearer k' } } },
  });
});

test('serve gets its words unread, and stops with standard input when it was asked to', async () => {
  const { host, stdin } = fakeHost();
  const done = runCli(['serve', '--port', '0', '--exit-with-stdin', '--new-flag'], {
    ...host,
    serve: async (args, stopping) => {
      expect(args).toEqual(['--port', '0', '--new-flag']);
      await once(stopping, 'abort');
      return 0;
    },
  });
  stdin.end();
  expect(await done).toBe(0);
});

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  homeFolder = '/nowhere',
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { host, stdout, stderr } = fakeHost({ METAMCP_DATA: folder, ...env }, homeFolder);
  const code = await runCli(args, host);
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

function fakeHost(
  env: Readonly<Record<string, string>> = {},
  homeFolder = '/nowhere',
): { host: CliHost; stdin: PassThrough; stdout: PassThrough; stderr: PassThrough } {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough({ highWaterMark: 1 << 24 }), new PassThrough({ highWaterMark: 1 << 24 })];
  const host: CliHost = {
    env,
    stdin,
    stdout,
    stderr,
    homeFolder,
    clock: systemClock,
    platform: 'linux',
    workFolder: folder,
    selfCommand: ['/bin/node', '/app/main.ts'],
    version: '1.2.3',
    stopping: new AbortController().signal,
    serve: () => Promise.resolve(0),
    checkConfigFile: (path) => Promise.resolve(path.endsWith('good.yaml') ? [] : ['bad.yaml:3:1: unknown key']),
  };
  return { host, stdin, stdout, stderr };
}

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'gateway', version: '1' });
  server.registerTool('good__echo', { description: 'Says it back', inputSchema: z.object({ message: z.string() }) }, ({ message }) => ({
    content: [{ type: 'text', text: message }],
  }));
  server.registerTool('good__fail', { inputSchema: z.object({}) }, () => ({ isError: true, content: [{ type: 'text', text: 'it broke' }] }));
  return server;
});
const mcp = getRequestListener((request) => handler.fetch(request));

const STATE = {
  type: 'stdio',
  since: '2026-01-01T00:00:00Z',
  pid: 1,
  family: 'legacy',
  revision: '2025-11-25',
  isolation: { effective: 'shared', reason: 'configured' },
  connections: 1,
  restarts: 0,
  lastError: null,
  stderrTail: '',
  warnings: [],
  tools: 2,
  prompts: 0,
  resources: 0,
  handshakeMs: 12,
};
const ADMIN: Readonly<Record<string, unknown>> = {
  'GET /servers': {
    items: [
      { ...STATE, name: 'good', status: 'ready' },
      {
        ...STATE,
        name: 'bad',
        status: 'failed',
        pid: null,
        handshakeMs: null,
        tools: 0,
        lastError: 'The value ${GITHUB_PERSONAL_ACCESS_TOKEN} is missing.',
        stderrTail: 'spawn failed \u001b[31mred\n',
      },
    ],
  },
  'POST /servers/bad/restart': {},
  'GET /keys': {
    items: [
      {
        id: 'k1',
        name: 'laptop',
        endpoints: ['default'],
        createdAt: '2026-01-01T00:00:00Z',
        expiresAt: null,
        lastUsedAt: null,
        revokedAt: null,
        source: 'created',
      },
    ],
  },
  'POST /keys': { id: 'k2', name: 'laptop', value: 'sk_mt_value' },
  'DELETE /keys/k1': {},
  'GET /endpoints': { items: [{ name: 'dev', namespace: 'dev', mcpUrl: '', auth: {}, collisions: [{ kind: 'tool', exposed: 'search', kept: 'good', hidden: 'bad' }] }] },
  'GET /config': { settings: [{ name: 'port', value: '12008', source: 'default' }], document: {}, warnings: [] },
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.authorization !== `Bearer ${TOKEN}`) {
    response
      .writeHead(401, { 'content-type': 'application/problem+json' })
      .end('{"type":"about:blank","title":"Unauthorized","status":401,"detail":"The token is not valid."}');
    return;
  }
  if (request.url === '/metamcp/dev/mcp') return void mcp(request, response);
  const pieces: Buffer[] = [];
  request
    .on('data', (piece: Buffer) => pieces.push(piece))
    .on('end', () => {
      const body = Buffer.concat(pieces).toString();
      asked.push(`${String(request.method)} ${String(request.url)}${body === '' ? '' : ` ${body}`}`);
      const key = `${String(request.method)} ${String(request.url).replace('/api/v1', '')}`;
      const direct =
        key === 'POST /servers/good/call' ? { durationMs: 1, result: body.includes('"fail"') ? { isError: true, content: [] } : { content: [] } } : ADMIN[key];
      response
        .writeHead(direct === undefined ? 404 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(direct ?? { title: 'Not found', status: 404 }));
    });
}
