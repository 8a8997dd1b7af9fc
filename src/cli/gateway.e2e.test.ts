/** The command line against the real gateway: the program as users start it, with its own sample server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAIN } from '../../test/support/program.ts';

let folder: string;
let gateway: ChildProcess;
let started: { url: string; endpoint: string; mcpUrl: string; key: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-e2e-'));
  gateway = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--data', folder, '--print-json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(gateway.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  started = JSON.parse(line.toString()) as typeof started;
});

afterAll(async () => {
  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  await rm(folder, { recursive: true });
});

test('smoke works against a gateway that was just started, by its data folder alone', async () => {
  const { code, stdout, stderr } = await run(['smoke', '--json']);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, url: started.mcpUrl, revision: '2026-07-28' });
});

test('doctor finds nothing wrong with a first run', async () => {
  const { code, stdout } = await run(['doctor']);
  expect(stdout).toContain('Everything is well.');
  expect(code).toBe(0);
});

test('a key that was made opens the endpoint by address, and no more once it was revoked', async () => {
  const made = JSON.parse((await run(['keys', 'create', 'laptop', '--json'])).stdout) as { id: string; value: string };
  const remote = ['tools', '--url', started.url, '--key', made.value, '--json'];
  expect((await run(remote)).code).toBe(0);
  expect((await run(['keys', 'revoke', made.id])).code).toBe(0);
  const refused = await run(remote);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('metamcp keys create NAME');
});

test('doctor call finds a tool well at both hops', async () => {
  const { tools } = JSON.parse((await run(['tools', '--json'])).stdout) as { tools: { name: string; inputSchema: { properties: object } }[] };
  const echo = tools.find((tool) => tool.name.endsWith('echo'));
  const argument = Object.keys(echo?.inputSchema.properties ?? {})[0] ?? '';
  const { code, stdout } = await run(['doctor', 'call', echo?.name ?? '', `${argument}=hi`]);
  expect(stdout).toContain('It works at both hops');
  expect(code).toBe(0);
});

test.each(['legacy', 'auto'] as const)('a client of SDK 2 in mode %s reaches the endpoint through metamcp stdio', async (mode) => {
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StdioV2({ command: process.execPath, args: [MAIN, 'stdio', '--data', folder], stderr: 'ignore' }));
  try {
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'auto' ? '2026-07-28' : '2025-11-25');
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(0);
  } finally {
    await client.close();
  }
});

test('a client of SDK 1 reaches the endpoint through metamcp stdio, named by --endpoint', async () => {
  const client = new ClientV1({ name: 'test', version: '1' });
  await client.connect(new StdioV1({ command: process.execPath, args: [MAIN, 'stdio', '--data', folder, '--endpoint', started.endpoint], stderr: 'ignore' }));
  try {
    expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  } finally {
    await client.close();
  }
});

test('without a gateway, metamcp stdio brings its own, and the first call works', async () => {
  const own = await mkdtemp(join(tmpdir(), 'metamcp-e2e-'));
  const client = new ClientV1({ name: 'test', version: '1' });
  const transport = new StdioV1({ command: process.execPath, args: [MAIN, 'stdio', '--data', own], stderr: 'ignore' });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const echo = tools.find((tool) => tool.name.endsWith('echo'));
  const argument = Object.keys(echo?.inputSchema.properties ?? {})[0] ?? '';
  const result = await client.callTool({ name: echo?.name ?? '', arguments: { [argument]: 'hello' } });
  expect(JSON.stringify(result.content)).toContain('hello');
  await client.close();
  // The gateway it brought ends a moment after it, and takes gateway.json along.
  await expect.poll(async () => (await run(['servers', '--data', own])).stderr, { timeout: 60_000 }).toContain('No gateway runs');
  await rm(own, { recursive: true });
});

async function run(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, METAMCP_DATA: folder, METAMCP_KEY: '' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    stderr += piece.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
