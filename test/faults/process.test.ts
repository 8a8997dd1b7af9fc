/** Faults of the gateway's own process. */
import { connect, type Socket } from 'node:net';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { isRunning } from '../fixtures/hostile-stdio/processes.ts';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { listen, modernRequest, openSession, textOf } from '../support/http-peer.ts';
import { census, descendants } from '../support/process-census.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { History, violations } from './history.ts';

const KEY = randomKey();
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(data?: string): Promise<RunningGateway> {
  const servers = { count: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' } };
  const gateway = await startGateway({ config: { servers, namespaces: { all: { servers: ['count'] } }, endpoints: { all: { namespace: 'all' } }, keys: { test: { value: KEY } } }, ...(data === undefined ? {} : { data }) });
  undo.push(() => gateway.stop());
  return gateway;
}

const count = (gateway: RunningGateway, args: object, agent?: Agent) => modernRequest({ url: gateway.mcp('all'), key: KEY, ...(agent === undefined ? {} : { agent }) }, 'tools/call', { name: 'count__count', arguments: args });

test('[F-14] a gateway that is killed under load leaves no process behind, and is ready again within five seconds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-killed-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const history = new History(() => performance.now());
  const first = await start(folder);
  let isOver = false;
  const load = Promise.all(Array.from({ length: 8 }, async (_, lane) => {
    for (let index = 0; !isOver; index++) await count(first, { key: `k${lane}-${index}` }).catch(() => undefined);
  }));
  await expect.poll(async () => textOf((await count(first, { key: 'seen' })).message), { timeout: 10_000 }).toContain('"count":2');
  const pids = await descendants(first.pid);
  expect(pids.length).toBeGreaterThan(0);
  await first.kill();
  history.add({ kind: 'died', pids });
  isOver = true;
  await load;
  const again = await start(folder);
  // Five seconds, or on a busy machine not much more than a start takes there anyway.
  expect(again.startedInMs).toBeLessThan(Math.max(5_000, 2 * first.startedInMs));
  expect((await count(again, { key: 'after' })).message.result).toBeDefined();
  await expect.poll(() => pids.filter(isRunning), { timeout: 5_000 }).toEqual([]);
  expect(violations(history.events)).toEqual([]);
}, 40_000);

test('[F-27] on SIGTERM calls under way finish, listen streams end with a result, and new connections are refused', async () => {
  const gateway = await start();
  const stream = await listen({ url: gateway.mcp('all'), key: KEY }, { toolsListChanged: true });
  const session = await openSession({ url: gateway.mcp('all'), key: KEY });
  const running = Array.from({ length: 10 }, (_, index) => count(gateway, { key: `k${index}`, delayMs: 3_000 }));
  const inSession = session.request('tools/call', { name: 'count__count', arguments: { key: 'legacy', delayMs: 3_000 } });
  await expect.poll(async () => textOf((await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: 'count__counts', arguments: {} })).message), { timeout: 10_000 }).toContain('legacy');
  const ended = gateway.stop();
  undo.length = 0;
  for (const { message } of await Promise.all(running)) expect(textOf(message)).toContain('"count":1');
  expect(textOf((await inSession).message)).toContain('"count":1');
  expect(await ended).toBe(0);
  expect(stream.messages().at(-1)).toMatchObject({ id: 'listen', result: {} });
}, 40_000);

test.skipIf(process.platform !== 'linux')('[F-34] without free descriptors new connections wait or fail, those that are open are served, and all is well once there are some', async () => {
  const gateway = await start();
  const agent = new Agent({ connections: 1, pipelining: 1 });
  undo.push(() => agent.destroy());
  expect((await count(gateway, { key: 'a' }, agent)).message.result).toBeDefined();
  const { files } = await census(gateway.pid);
  await promisify(execFile)('prlimit', ['--pid', String(gateway.pid), `--nofile=${files + 20}:${files + 20}`]);
  const { hostname, port } = new URL(gateway.url);
  const sockets: Socket[] = Array.from({ length: 100 }, () => connect(Number(port), hostname).on('error', () => undefined));
  undo.push(() => sockets.forEach((socket) => socket.destroy()));
  await expect.poll(async () => (await census(gateway.pid)).files, { timeout: 10_000 }).toBeGreaterThan(files + 10);
  for (let index = 0; index < 20; index++) expect((await count(gateway, { key: `b${index}` }, agent)).message.result).toBeDefined();
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await count(gateway, { key: 'c' }).catch(() => undefined))?.message.result !== undefined, { timeout: 10_000 }).toBe(true);
  expect(gateway.stderr()).not.toMatch(/unhandled|uncaught/i);
}, 40_000);
