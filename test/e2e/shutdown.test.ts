/** How the gateway ends when it is asked to, with work under way. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { askAdmin } from '../faults/ask-admin.ts';
import { startFaultProxy, type Weather } from '../faults/fault-proxy.ts';
import { SEED, seeded } from '../faults/seed.ts';
import { isRunning } from '../fixtures/hostile-stdio/processes.ts';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { listen, modernRequest, openGetStream, openSession, textOf } from '../support/http-peer.ts';
import { descendants } from '../support/process-census.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { startPostgres } from '../support/start-postgres.ts';

const KEY = randomKey();
const WAIT_MS = 2_000;
const folder = await mkdtemp(join(tmpdir(), 'metamcp-shutdown-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(): Promise<RunningGateway> {
  const slow = { ...fixtureCommand('slow-server.ts', '--stdio'), isolation: 'shared' };
  return startGateway({ data: join(folder, 'data'), config: { servers: { slow }, namespaces: { all: { servers: ['slow'] } }, endpoints: { all: { namespace: 'all' } }, keys: { test: { value: KEY } } } });
}

test.skipIf(process.platform !== 'linux')('[OP-04] a gateway that is asked to end takes nothing new, finishes what is under way, ends streams with a result, its servers and itself, and its record is whole', async () => {
  const gateway = await start();
  const peer = { url: gateway.mcp('all'), key: KEY };
  const processes = await descendants(gateway.pid);
  const session = await openSession(peer);
  const events = await openGetStream(peer, session);
  const stream = await listen(peer, { toolsListChanged: true });
  await expect.poll(() => stream.messages().length, { timeout: 10_000 }).toBeGreaterThan(0);
  const modern = modernRequest(peer, 'tools/call', { name: 'slow__wait', arguments: { ms: WAIT_MS } }, 'under way');
  const legacy = session.request('tools/call', { name: 'slow__wait', arguments: { ms: WAIT_MS } }, 7);
  const running = async (): Promise<string> => textOf((await modernRequest(peer, 'tools/call', { name: 'slow__waiting', arguments: {} })).message);
  await expect.poll(running, { timeout: 10_000 }).toBe('2');

  const ended = gateway.stop();
  // Whoever comes now is refused, by word or because nobody listens.
  await expect.poll(async () => await modernRequest(peer, 'tools/list').then(({ status }) => status, () => 'refused'), { timeout: 5_000, interval: 20 }).not.toBe(200);
  expect((await modern).message.result).toBeDefined();
  expect((await legacy).message.result).toBeDefined();
  expect(await ended).toBe(0);
  expect(stream.messages().at(-1)).toMatchObject({ id: 'listen', result: {} });
  events.close();
  expect(processes.length).toBeGreaterThan(0);
  expect(processes.filter(isRunning)).toEqual([]);

  const again = await start();
  try {
    const { body } = await askAdmin(again, 'POST', '/api/v1/audit/verify', {});
    expect(body).toMatchObject({ isIntact: true, unknown: 0 });
    expect(body['intents']).toBe(body['outcomes']);
    expect(Number(body['intents'])).toBeGreaterThan(2);
  } finally {
    await again.stop();
  }
});

test.each([
  ['answers nothing', { isPartitioned: true }],
  ['refuses connections', { refuses: true }],
])('[OP-04] a gateway whose database %s ends all the same, with its servers, and says what it could not put in order', async (_case, weather: Weather) => {
  const postgres = await startPostgres();
  if (postgres === undefined) return;
  try {
    const databaseUrl = await postgres.createDatabase();
    const proxy = await startFaultProxy(databaseUrl, seeded(SEED));
    const servers = { slow: { ...fixtureCommand('slow-server.ts', '--stdio'), isolation: 'shared' } };
    const gateway = await startGateway({ env: { DATABASE_URL: proxy.through(databaseUrl) }, config: { servers, namespaces: { all: { servers: ['slow'] } }, endpoints: { all: { namespace: 'all' } }, keys: { test: { value: KEY } } } });
    const processes = await descendants(gateway.pid);
    proxy.weather = weather;
    if (weather.refuses === true) proxy.cut();
    expect(await gateway.stop()).toBe(0);
    expect(gateway.stderr()).toContain('warning: while stopping: ');
    expect(processes.length).toBeGreaterThan(0);
    expect(processes.filter(isRunning)).toEqual([]);
  } finally {
    await postgres.stop();
  }
});
