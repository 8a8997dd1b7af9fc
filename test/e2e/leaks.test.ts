/** Clients come and go; what they cost goes with them. Counts are Linux's own, so these tests run there only. */
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRunning } from '../fixtures/hostile-stdio/processes.ts';
import { fixtureCommand, type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { listen, modernRequest, openGetStream, openSession, type PeerOptions } from '../support/http-peer.ts';
import { type Census, census, descendants } from '../support/process-census.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
const CYCLES = 200;
const AT_ONCE = 8;

function config(url: string): object {
  return {
    servers: { pipe: fixtureCommand('counting-server.ts', '--stdio', '--era', 'legacy'), web: { type: 'http', url } },
    namespaces: { all: { servers: ['pipe', 'web'] } },
    endpoints: { all: { namespace: 'all' } },
    keys: { test: { value: KEY } },
  };
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  let gateway: RunningGateway;
  let web: RunningFixture;

  beforeAll(async () => {
    web = await startFixture('counting-server.ts', '--era', 'legacy');
    gateway = await startGateway({ config: config(web.url), args: ['--session-idle-ms', '1000'] });
  });

  afterAll(async () => {
    await gateway.stop();
    await web.stop();
  });

  /** One client of its own connection each, some at once. */
  async function cycle(count: number, live: (peer: PeerOptions) => Promise<unknown>): Promise<void> {
    let left = count;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const agent = new Agent({ connections: 4 });
        await live({ url: gateway.mcp('all'), key: KEY, agent });
        await agent.close();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  async function use(peer: PeerOptions): Promise<void> {
    const { message } = await modernRequest(peer, 'tools/call', { name: 'pipe__count', arguments: { key: 'modern' } });
    expect(message.result).toBeDefined();
  }

  const LIVES: readonly [name: string, live: (peer: PeerOptions) => Promise<unknown>][] = [
    ['modern requests', use],
    [
      'legacy sessions that are ended',
      async (peer) => {
        const session = await openSession(peer);
        expect((await session.request('tools/call', { name: 'web__count', arguments: { key: 'legacy' } })).message.result).toBeDefined();
        expect(await session.end()).toBe(200);
      },
    ],
    [
      'legacy sessions that are left',
      async (peer) => {
        const session = await openSession(peer);
        expect((await session.request('tools/list')).status).toBe(200);
      },
    ],
    [
      'GET streams that are cut',
      async (peer) => {
        const session = await openSession(peer, { sampling: {}, elicitation: {} });
        const stream = await openGetStream(peer, session);
        await session.request('tools/list');
        stream.close();
        expect(await session.end()).toBe(200);
      },
    ],
    [
      'listen streams that are cut',
      async (peer) => {
        const stream = await listen(peer, { toolsListChanged: true });
        await expect.poll(() => stream.messages().length).toBeGreaterThan(0);
        stream.close();
      },
    ],
  ];

  test('a thousand clients leave as many processes and sockets behind as there were before', async () => {
    // Connections of the principal come up with the first calls and stay for the next ones.
    for (const [, live] of LIVES) await cycle(AT_ONCE, live);
    const before = await settled(gateway.pid);
    for (const [, live] of LIVES) await cycle(CYCLES, live);
    await expect.poll(() => atMost(gateway.pid, before), { timeout: 25_000, interval: 500 }).toBe('as before or less');
  }, 150_000);

  test('sessions with connections of their own take them along', async () => {
    const before = await settled(gateway.pid);
    await cycle(12, async (peer) => {
      // A client that can be asked gets its own process of a legacy server.
      const session = await openSession(peer, { sampling: {} });
      const { message } = await session.request('tools/call', { name: 'pipe__count', arguments: { key: 'asked' } });
      expect(message.result).toBeDefined();
      await session.end();
    });
    await expect.poll(async () => (await census(gateway.pid)).children, { timeout: 20_000, interval: 250 }).toBeLessThanOrEqual(before.children);
  }, 60_000);

  test('[ST-10] a gateway that is asked to end leaves nothing behind', async () => {
    const own = await startGateway({ config: config(web.url) });
    const children = await descendants(own.pid);
    expect(children.length).toBeGreaterThan(0);
    expect(await own.stop()).toBe(0);
    expect(children.filter(isRunning)).toEqual([]);
  });

  test('[ST-10] nothing survives a gateway that was killed by more than five seconds', async () => {
    const own = await startGateway({ config: config(web.url) });
    await use({ url: own.mcp('all'), key: KEY });
    const children = await descendants(own.pid);
    expect(children.length).toBeGreaterThan(1);
    await own.kill();
    await expect.poll(() => children.filter(isRunning), { timeout: 5_000, interval: 100 }).toEqual([]);
  });
});

/** Fewer is fine: connections to servers that nobody uses end by themselves. */
async function atMost(pid: number, before: Census): Promise<string> {
  const now = await census(pid);
  const isFine = now.children === before.children && now.sockets <= before.sockets && now.files <= before.files;
  return isFine ? 'as before or less' : JSON.stringify({ before, now });
}

/** The count once it has not changed for a second. */
async function settled(pid: number): Promise<Census> {
  let last = await census(pid);
  for (let still = 0; still < 4; ) {
    await pause(250);
    const now = await census(pid);
    still = JSON.stringify(now) === JSON.stringify(last) ? still + 1 : 0;
    last = now;
  }
  return last;
}
