/** Ten servers, three of them broken in different ways: the other seven are there at once, and whoever looks sees why the three are not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, openSession } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
const GOOD = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
/** Server order decides the order of lists: the broken ones stand among the good. */
const ORDER = ['one', 'hanging', 'two', 'three', 'exiting', 'four', 'five', 'garbage', 'six', 'seven'];
let gateway: RunningGateway;

beforeAll(async () => {
  const good = Object.fromEntries(GOOD.map((name) => [name, { ...fixtureCommand('counting-server.ts', '--stdio'), idleConnections: 0 }]));
  const config = {
    servers: {
      ...good,
      hanging: { ...fixtureCommand('hanging-initialize.ts'), startTimeoutMs: 12_000 },
      exiting: fixtureCommand('exit-at-start.ts'),
      garbage: { ...fixtureCommand('garbage-server.ts'), startTimeoutMs: 12_000 },
    },
    namespaces: { all: { servers: ORDER }, some: { servers: GOOD } },
    endpoints: { all: { namespace: 'all' }, some: { namespace: 'some' } },
    keys: { test: { value: KEY } },
  };
  gateway = await startGateway({ config });
});

afterAll(async () => {
  await gateway.stop();
});

interface ListResult {
  readonly tools: readonly { readonly name: string }[];
  readonly _meta?: { readonly 'metamcp/servers'?: readonly { readonly server: string; readonly state: string }[] };
}

async function list(endpoint: string): Promise<{ readonly result: ListResult; readonly tookMs: number }> {
  const startedMs = performance.now();
  const { message } = await modernRequest({ url: gateway.mcp(endpoint), key: KEY }, 'tools/list');
  return { result: message.result as unknown as ListResult, tookMs: performance.now() - startedMs };
}

test('[RL-11] the gateway is ready although three servers are not, and says which', () => {
  expect(gateway.stderr()).toContain('servers ready (7 of 10)');
  for (const name of ['hanging', 'exiting', 'garbage']) expect(gateway.stderr()).toMatch(new RegExp(`warning: server ${name} is (connecting|failed)`));
});

test('[RL-11] a namespace of servers that work is listed at once', async () => {
  const { result, tookMs } = await list('some');
  expect(result.tools).toHaveLength(21);
  expect(result._meta?.['metamcp/servers']).toBeUndefined();
  expect(tookMs).toBeLessThan(1_000);
});

test('[RL-11] a list has the tools of the seven in order, and says what is missing, at once', async () => {
  const { result, tookMs } = await list('all');
  expect(tookMs).toBeLessThan(1_000);
  const own = ['count', 'counts', 'canary'];
  expect(result.tools.map((tool) => tool.name)).toEqual(GOOD.flatMap((server) => own.map((name) => `${server}__${name}`)));
  const gaps = result._meta?.['metamcp/servers'] ?? [];
  expect(gaps.map(({ server }) => server)).toEqual(['hanging', 'exiting', 'garbage']);
  for (const { state } of gaps) expect(['connecting', 'failed', 'backoff', 'restarting']).toContain(state);
});

test('[RL-11] a legacy session gets the same lists', async () => {
  const session = await openSession({ url: gateway.mcp('all'), key: KEY });
  const { message } = await session.request('tools/list');
  const result = message.result as unknown as ListResult;
  expect(result.tools).toHaveLength(21);
  expect(result._meta?.['metamcp/servers']).toHaveLength(3);
  await session.end();
});

test('[RL-11] calls of the seven work while the three do not', async () => {
  const calls = GOOD.map((server) => modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: `${server}__count`, arguments: { key: 'k' } }));
  for (const { message } of await Promise.all(calls)) expect(JSON.stringify(message.result)).toContain('count');
});

test('[RL-11] a call of a tool that no server has is refused at once, whatever other servers do', async () => {
  const startedMs = performance.now();
  const { message, status } = await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: 'one__missing', arguments: {} });
  expect([status, message.error?.code]).toEqual([200, -32602]);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

test('[RL-11] a call of a server that never came up says so and names it', async () => {
  const { message } = await modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name: 'hanging__count', arguments: {} });
  expect(message.error).toMatchObject({ code: -31001, data: { server: 'hanging' } });
});

test('doctor tells the state, the error and the last words of each broken server, for people and for programs', async () => {
  const [text, json] = await Promise.all([runMetamcp(['doctor', '--data', gateway.data]), runMetamcp(['doctor', '--data', gateway.data, '--json'])]);
  expect(text.code).toBe(1);
  expect(text.stdout).toContain('DATABASE_URL is missing');
  expect(text.stdout).toContain('I will never answer');
  expect(text.stdout).toContain('garbage');
  const report = JSON.parse(json.stdout) as { servers: { name: string; status: string; stderrTail?: string; lastError?: string }[] };
  const of = (name: string) => report.servers.find((server) => server.name === name);
  expect(of('exiting')).toMatchObject({ stderrTail: expect.stringContaining('DATABASE_URL is missing') });
  expect(of('hanging')).toMatchObject({ stderrTail: expect.stringContaining('I will never answer') });
  expect(of('garbage')?.status).not.toBe('ready');
  expect(of('one')?.status).toBe('ready');
});

test('the log names each broken server with its state, its error and its last words', async () => {
  const of = async (name: string) => (await gateway.log()).find((line) => line['msg'] === 'server not ready' && line['server'] === name);
  expect(await of('exiting')).toMatchObject({ level: 'error', stderr: expect.stringContaining('DATABASE_URL is missing') });
  expect(await of('hanging')).toMatchObject({ level: 'error', status: 'connecting', stderr: expect.stringContaining('I will never answer') });
  expect(await of('garbage')).toMatchObject({ level: 'error' });
});
