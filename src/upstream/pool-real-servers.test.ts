import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFixture, fixtureCommand, type RunningFixture } from '../../test/fixtures/start-fixture.ts';
import { freePort } from '../../test/support/free-port.ts';
import { systemClock } from '../base/clock.ts';
import type { ServerSpec } from '../model/server.ts';
import { createDialer } from './dialer/dialer.ts';
import { openHttpLink } from './http/http-link.ts';
import type { OpenLink } from './link.ts';
import { askPeer, ownRequest } from './peer.ts';
import { createUpstreams } from './pool.ts';
import { openSseLink } from './sse/sse-link.ts';
import { OrphanWatcher } from './stdio/orphan-watcher.ts';
import { openStdioLink } from './stdio/stdio-link.ts';
import type { Lease, Upstreams } from './upstreams.ts';

const watcher = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: () => undefined });
const dialer = createDialer({ clock: systemClock, ownListeners: () => [] });
const values = (text: string): string => text;
const children: ChildProcess[] = [];
const fixtures: RunningFixture[] = [];
let upstreams: Upstreams;
let httpPort = 0;

const BIN = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol');
const EVERYTHING = join(BIN, 'server-everything/dist/index.js');
const base: ServerSpec = {
  name: '', type: 'stdio', fingerprint: '', command: process.execPath, args: [], env: {}, cwd: undefined, inheritEnv: [], url: '', headers: {},
  revision: 'auto', isolation: 'auto', idleConnections: 0, startTimeoutMs: 20_000, callTimeoutMs: 10_000, idleTimeoutMs: 60_000,
  resultBytesMax: 10_000_000, isRequired: false, description: '',
};
const lease: Lease = { principalId: 'p', sessionId: undefined, wantsInteraction: false, family: 'legacy' };

function openLink(spec: ServerSpec): OpenLink {
  if (spec.type === 'stdio') return (events) => openStdioLink(spec, values, { clock: systemClock, environment: process.env, watcher }, events);
  const open = spec.type === 'http' ? openHttpLink : openSseLink;
  return (events) => open(spec, values, { clock: systemClock, random: Math.random, dialer }, events);
}

function spec(name: string, changes: Partial<ServerSpec>): [string, ServerSpec] {
  return [name, { ...base, name, fingerprint: name, ...changes }];
}

/** The everything server over one of its HTTP transports; it says on stderr when it listens. */
async function startEverything(transport: 'streamableHttp' | 'sse', port: number): Promise<void> {
  const child = spawn(process.execPath, [EVERYTHING, transport], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/running on|listening on/.test(said)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${String(code)}: ${said}`)));
  });
}

beforeAll(async () => {
  httpPort = await freePort();
  const ssePort = await freePort();
  const [modern] = await Promise.all([startFixture('conformance-server.ts'), startEverything('streamableHttp', httpPort), startEverything('sse', ssePort)]);
  fixtures.push(modern);
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-peers-'));
  upstreams = createUpstreams({
    clock: systemClock,
    random: Math.random,
    gatewayInfo: { name: 'metamcp', version: '0.0.0' },
    openLink,
    onDropped: () => undefined,
    events: { listChanged: () => undefined, stateChanged: () => undefined, resourceUpdated: () => undefined, notified: () => undefined, asked: () => false },
  });
  const servers = new Map([
      spec('everything', { args: [EVERYTHING, 'stdio'] }),
      spec('filesystem', { args: [join(BIN, 'server-filesystem/dist/index.js'), folder] }),
      spec('memory', { args: [join(BIN, 'server-memory/dist/index.js')], env: { MEMORY_FILE_PATH: join(folder, 'memory.json') } }),
      spec('everything-http', { type: 'http', url: `http://127.0.0.1:${httpPort}/mcp` }),
      spec('everything-sse', { type: 'sse', url: `http://127.0.0.1:${ssePort}/sse` }),
      spec('modern-http', { type: 'http', url: modern.url }),
      spec('modern-stdio', fixtureCommand('conformance-server.ts', '--stdio')),
  ]);
  upstreams.apply(servers);
  await upstreams.settled(20_000);
  upstreams.apply(new Map([...servers, spec('broken', { args: ['-e', 'process.exit(3)'] })]));
}, 60_000);

afterAll(async () => {
  await upstreams.close();
  await Promise.all(fixtures.map((fixture) => fixture.stop()));
  for (const child of children) child.kill();
});

test.each([
  ['everything', 'legacy', 17],
  ['filesystem', 'legacy', 14],
  ['memory', 'legacy', 9],
  ['everything-http', 'legacy', 17],
  ['everything-sse', 'legacy', 17],
] as const)('%s is found to be %s and offers its %i tools', (name, family, tools) => {
  const state = upstreams.state(name);
  expect(state).toMatchObject({ status: 'ready', counts: { tools } });
  expect(state?.profile).toMatchObject({ family, revision: '2025-11-25' });
});

test.each(['modern-http', 'modern-stdio'])('%s is found to speak 2026-07-28', (name) => {
  const state = upstreams.state(name);
  expect(state?.profile).toMatchObject({ family: 'modern', revision: '2026-07-28' });
  expect(state?.counts.tools).toBeGreaterThan(10);
});

test.each(['everything', 'everything-http', 'everything-sse'])('a call of %s comes back from a connection of its own principal', async (name) => {
  const upstream = await upstreams.acquire(name, lease);
  const result = await askPeer((request, events) => upstream.send(request, events), ownRequest('tools/call', { name: 'echo', arguments: { message: 'hello' } }, 5_000));
  expect(result.value['content']).toEqual([{ type: 'text', text: 'Echo: hello' }]);
  expect(upstreams.find(name, lease)).toBe(upstream);
});

test.each(['modern-http', 'modern-stdio'])('a call of %s is complete and carries what 2026-07-28 demands', async (name) => {
  const upstream = await upstreams.acquire(name, lease);
  const result = await askPeer((request, events) => upstream.send(request, events), ownRequest('tools/call', { name: 'test_simple_text', arguments: {} }, 5_000));
  expect(result.value['resultType']).toBe('complete');
});

test('a server that exits at once is not ready and says how it ended, while the others are served', async () => {
  await expect.poll(() => upstreams.state('broken')?.lastError, { timeout: 10_000 }).toContain('exited with code 3');
  expect(upstreams.state('broken')?.status).toBe('connecting');
  expect(upstreams.state('memory')?.status).toBe('ready');
  expect(upstreams.find('broken', lease)).toBeUndefined();
});

test('a server over HTTP that was started anew is spoken to in a new session, without a failed call', async () => {
  const upstream = await upstreams.acquire('everything-http', lease);
  const old = children.find((child) => child.spawnargs.includes('streamableHttp'));
  const exited = old === undefined ? undefined : once(old, 'exit');
  old?.kill('SIGKILL');
  await exited;
  await startEverything('streamableHttp', httpPort);
  const result = await askPeer((request, events) => upstream.send(request, events), ownRequest('tools/call', { name: 'echo', arguments: { message: 'again' } }, 5_000));
  expect(result.value['content']).toEqual([{ type: 'text', text: 'Echo: again' }]);
});
