/** What a person meets who has just installed it: an empty folder, no configuration. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modernRequest, toolNamesOf } from '../support/http-peer.ts';
import { MAIN } from '../support/program.ts';
import { failingStart, type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

let folder: string;
let data: string;
const running: RunningGateway[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-first-'));
  data = join(folder, 'data');
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startGateway>[0] = {}): Promise<RunningGateway> {
  const gateway = await startGateway({ data, ...options });
  running.push(gateway);
  return gateway;
}

async function stop(gateway: RunningGateway): Promise<number | null> {
  running.splice(running.indexOf(gateway), 1);
  return gateway.stop();
}

test('the ready line names everything that a program needs, and the key works', async () => {
  const gateway = await start();
  const { url, endpoint, mcpUrl, key, adminLink, pid } = gateway;
  expect(adminLink).toMatch(new RegExp(`^${url}/link#[\\w-]{43}$`));
  expect({ endpoint, mcpUrl }).toEqual({ endpoint: 'default', mcpUrl: `${url}/metamcp/default/mcp` });
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(key).toMatch(/^sk_mt_[A-Za-z0-9]+$/);
  expect(pid).toBeGreaterThan(0);
  const listed = await modernRequest({ url: mcpUrl ?? '', key: key ?? '' }, 'tools/list');
  expect(toolNamesOf(listed).length).toBeGreaterThan(0);
  expect((await modernRequest({ url: mcpUrl ?? '' }, 'tools/list')).status).toBe(401);
});

test('the start says three things on stderr, and nothing but the ready line on stdout', async () => {
  const gateway = await start();
  const lines = gateway.stderr().trimEnd().split('\n');
  expect(lines).toEqual(['configuration loaded: 1 servers, 1 endpoints', `listening on ${gateway.url}`, 'servers ready (1 of 1)']);
  const events = async (): Promise<unknown[]> => (await gateway.log()).map((line) => line['msg']);
  await expect.poll(events, { timeout: 5_000 }).toEqual(expect.arrayContaining(['configuration loaded', 'servers ready', 'listening']));
});

test('a second start shows the same key', async () => {
  const first = await start();
  expect(await stop(first)).toBe(0);
  const second = await start();
  expect(second.key).toBe(first.key);
});

test('smoke, doctor and tools work by the data folder alone', async () => {
  await start();
  const [smoke, doctor, tools] = await Promise.all([
    runMetamcp(['smoke', '--data', data, '--json']),
    runMetamcp(['doctor', '--data', data]),
    runMetamcp(['tools', '--data', data, '--json']),
  ]);
  expect(JSON.parse(smoke.stdout)).toMatchObject({ ok: true });
  expect(doctor.stdout).toContain('Everything is well.');
  expect((JSON.parse(tools.stdout) as { tools: unknown[] }).tools.length).toBeGreaterThan(0);
  expect([smoke.code, doctor.code, tools.code]).toEqual([0, 0, 0]);
});

test('only the owner may read what the data folder keeps', async () => {
  await start();
  const mode = async (name: string): Promise<string> => ((await stat(join(data, name))).mode & 0o777).toString(8);
  expect(await mode('gateway.json')).toBe('600');
  expect(await mode('.')).toBe('700');
  expect(await mode('logs')).toBe('700');
});

test('gateway.json is there while the gateway is, and holds no more than its address and token', async () => {
  const gateway = await start();
  const path = join(data, 'gateway.json');
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ url: gateway.url, pid: gateway.pid, token: expect.any(String) });
  await stop(gateway);
  await expect(stat(path)).rejects.toThrow('ENOENT');
});

test('a second gateway on the same folder is refused, and the first goes on', async () => {
  const gateway = await start();
  const { code, stderr } = await failingStart(['--data', data]);
  expect(code).toBe(1);
  expect(stderr).toContain(`${data} is in use by the process ${gateway.pid}`);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect((await runMetamcp(['smoke', '--data', data])).code).toBe(0);
  expect(gateway.stderr()).not.toContain('stopping');
});

test('a folder whose gateway was killed is taken over by the next, with the same key', async () => {
  const killed = await startGateway({ data });
  await killed.kill();
  const next = await start();
  expect(next.key).toBe(killed.key);
  expect((await runMetamcp(['smoke', '--data', data])).code).toBe(0);
});

test('a port that is taken is refused with what to do about it', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { code, stderr } = await failingStart(['--data', data, '--port', String(port)]);
  holder.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken`);
  expect(stderr).toContain('--port');
  // Nothing of the failed start is in the way of the next one.
  expect((await start()).endpoint).toBe('default');
});

test.each([
  [['--prot', '1'], '--port'],
  [['--port', 'many'], 'port'],
  [['--config', '/nowhere/metamcp.json'], '/nowhere/metamcp.json'],
])('%j is refused with a word on what is wrong', async (args, word) => {
  const { code, stderr } = await failingStart(['--data', data, ...args]);
  expect(code).toBe(1);
  expect(stderr).toContain(word);
  expect(stderr).not.toMatch(/\n {4}at /);
});

test('[TR-03] an address for everyone is refused while an endpoint needs no credential', async () => {
  const path = join(folder, 'metamcp.json');
  await writeFile(path, JSON.stringify({ endpoints: { open: { namespace: 'n', auth: { apiKey: false } } }, namespaces: { n: {} } }));
  const { code, stderr } = await failingStart(['--data', data, '--config', path, '--host', '0.0.0.0']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/auth|credential/i);
});

test('a configuration with mistakes is refused whole, each with its place and the nearest known name', async () => {
  const path = join(folder, 'metamcp.yaml');
  await writeFile(path, 'servers:\n  files: { comand: npx }\nnamespaces:\n  all: { servers: [filez] }\n');
  const { code, stderr } = await failingStart(['--data', data, '--config', path]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/servers\.files\.comand.*"?command"?/);
  expect(stderr).toMatch(/namespaces\.all\.servers/);
  expect(stderr).toContain('files');
});

test('a bare mcpServers file becomes the endpoint "default"', async () => {
  const path = join(folder, 'mcp.json');
  await writeFile(
    path,
    JSON.stringify({
      mcpServers: { 'my sample': { command: process.execPath, args: [join(import.meta.dirname, '../fixtures/counting-server.ts'), '--stdio'] } },
      theme: 'dark',
    }),
  );
  const gateway = await start({ args: ['--config', path] });
  expect(gateway.endpoint).toBe('default');
  const listed = await modernRequest({ url: gateway.mcpUrl ?? '', key: gateway.key ?? '' }, 'tools/list');
  expect(toolNamesOf(listed)[0]).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]*__count$/);
  expect(gateway.stderr()).toContain('my sample');
});

test('a person gets the address, the key and what to paste into each client', async () => {
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', data, '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  try {
    await expect.poll(() => text, { timeout: 15_000 }).toContain('Stop it:');
    for (const word of ['MetaMCP is ready', 'sk_mt_', '/metamcp/default/mcp', 'Claude Desktop', 'Cursor', 'VS Code', '"stdio"', 'metamcp smoke'])
      expect(text).toContain(word);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

test('the gateway outlives whoever read its output', async () => {
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', data, '--port', '0', '--log-level', 'all'], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    await once(child.stdout, 'data');
    child.stdout.destroy();
    child.stderr.destroy();
    for (let round = 0; round < 3; round++) expect((await runMetamcp(['smoke', '--data', data])).code).toBe(0);
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

test('a command whose reader went away ends without a word', async () => {
  await start();
  const child = spawn(process.execPath, [MAIN, 'tools', '--data', data, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  expect(stderr).toBe('');
});

test('a data folder that cannot be made is refused with its name', async () => {
  await writeFile(join(folder, 'file'), '');
  const { code, stderr } = await failingStart(['--data', join(folder, 'file', 'data')]);
  expect(code).toBe(1);
  expect(stderr).toContain(join(folder, 'file'));
  expect(stderr).not.toMatch(/\n {4}at /);
  await mkdir(data);
});
