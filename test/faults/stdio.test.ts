/** Faults of stdio servers, through the whole gateway as a process of its own. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { isRunning } from '../fixtures/hostile-stdio/processes.ts';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer, type RpcMessage, textOf } from '../support/http-peer.ts';
import { descendants } from '../support/process-census.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, runMetamcp, startGateway } from '../support/start-gateway.ts';
import { canaryOf, History, violations } from './history.ts';
import { rssBytes } from './rss-bytes.ts';
import { SEED, seeded, shuffled } from './seed.ts';

const KEY = randomKey();
const CALL_TIMEOUT_MS = 3_000;
const MIB = 2 ** 20;
let gateway: RunningGateway;
let history = new History(() => performance.now());

const result = (text: string, id = '$ID'): string => `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"${text}"}]}}\n`;
const GOOD = result('right');

/** Each tool is one misdeed. */
const CALLS = {
  noise: ['Server listening\n', '\u001b[31mERROR\u001b[0m {"not": json\n', '\u0000\u0001\n', '[1,2]\n', GOOD],
  half: ['{"jsonrpc":"2.0","id":$ID,"resu', { act: 'exit', count: 1 }],
  stall: ['{"jsonrpc":"2.0","id":$ID,"resu'],
  silent: [],
  stderr: [{ act: 'flood', text: 'F'.repeat(1_023).concat('\n'), count: 128 * 1_024 }, GOOD],
  endless: ['{"jsonrpc":"2.0","id":$ID,"x":"', { act: 'repeat', text: 'A', count: 60 * MIB }],
  large: ['{"jsonrpc":"2.0","id":$ID,"result":{"text":"', { act: 'repeat', text: 'A', count: 100_000_000 }, '"}}\n'],
  nobody: [result('wrong', '999999'), result('wrong', '"$ID"'), result('wrong', 'null')],
  twice: [GOOD, result('wrong'), result('wrong')],
  storm: [
    { act: 'repeat', text: '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n', count: 10_000 },
    { act: 'repeat', text: '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"x"}}\n', count: 100_000 },
    GOOD,
  ],
};

function hostile(): object {
  return { ...fixtureCommand('hostile-peer.ts', JSON.stringify({ calls: CALLS })), idleConnections: 0, isolation: 'shared', callTimeoutMs: CALL_TIMEOUT_MS };
}

/** One server a test, so that none is in the state that another left. */
const SERVERS = ['killed', 'noisy', 'halving', 'stalling', 'chatty', 'endless', 'large', 'confused', 'stormy', 'starving', 'all1', 'all2', 'all3'];

beforeAll(async () => {
  const servers = { ...Object.fromEntries(SERVERS.map((name) => [name, hostile()])), broken: fixtureCommand('exit-at-start.ts'), well: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' } };
  const config = { servers, namespaces: { all: { servers: Object.keys(servers) } }, endpoints: { all: { namespace: 'all' } }, keys: { test: { value: KEY } } };
  gateway = await startGateway({ config });
}, 60_000);
afterAll(() => gateway.stop());
afterEach(() => {
  // Anew first: what one test did wrong is not the next one's.
  const { events } = history;
  history = new History(() => performance.now());
  expect(violations(events)).toEqual([]);
});

let requests = 0;
async function call(name: string, args: object = {}, principal = 'ann'): Promise<RpcMessage> {
  const request = `${name}-${++requests}`;
  const send = (): Promise<RawAnswer> => modernRequest({ url: gateway.mcp('all'), key: KEY }, 'tools/call', { name, arguments: args }, requests);
  const read = ({ message }: RawAnswer) => ({ isError: message.error !== undefined, text: JSON.stringify(message) });
  return (await history.ask({ request, principal, timeoutMs: CALL_TIMEOUT_MS }, send, read)).message;
}

interface Beside {
  /** Of the calls to the server that is well, milliseconds. */
  readonly slowestMs: number;
  readonly count: number;
}

/** Calls of the server that is well go on while something else happens; each must be right. */
async function beside(run: () => Promise<unknown>): Promise<Beside> {
  let isOver = false;
  const tookMs: number[] = [];
  const loop = async (): Promise<void> => {
    while (!isOver) {
      const startedMs = performance.now();
      const said = canaryOf('bob', SEED);
      expect(textOf(await call('well__canary', { said }, 'bob'))).toContain(said);
      tookMs.push(performance.now() - startedMs);
    }
  };
  const running = loop();
  try {
    await run();
  } finally {
    isOver = true;
    await running;
  }
  return { slowestMs: Math.max(...tookMs), count: tookMs.length };
}

async function stateOf(name: string): Promise<{ readonly status: string; readonly stderrTail: string; readonly pid: number | null } | undefined> {
  const { stdout } = await runMetamcp(['doctor', '--data', gateway.data, '--json']);
  return (JSON.parse(stdout) as { servers: { name: string; status: string; stderrTail: string; pid: number | null }[] }).servers.find((server) => server.name === name);
}

/** It answers again, by itself. */
async function recovers(name: string): Promise<void> {
  await expect.poll(async () => textOf(await call(`${name}__echo`)), { timeout: 12_000, interval: 200 }).toBe('{}');
}

/** Kills the process of a server while a call is under way. */
async function killInCall(name: string): Promise<void> {
  const before = await descendants(gateway.pid);
  const state = await stateOf(name);
  const pid = state?.pid ?? 0;
  expect(before).toContain(pid);
  const waiting = call(`${name}__silent`);
  await expect.poll(async () => textOf(await call(`${name}__heard`))).toContain('tools/call');
  const startedMs = performance.now();
  process.kill(pid, 'SIGKILL');
  expect(await waiting).toMatchObject({ error: { code: -31_003, data: { server: name, outcome: 'unknown' } } });
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(isRunning(pid)).toBe(false);
  await recovers(name);
}

test('[F-01] a server that is killed in a call ends it within a second as of unknown effect, and is back', async () => {
  const { count } = await beside(() => killInCall('killed'));
  expect(count).toBeGreaterThan(10);
}, 40_000);

test('[F-19] a server that the kernel kills for its memory is one that was killed', () => killInCall('starving'), 40_000);

test('[F-04] lines that are no messages do the answer no harm', async () => {
  for (let round = 0; round < 20; round++) expect(await call('noisy__noise')).toMatchObject({ result: { content: [{ text: 'right' }] } });
});

test('[F-05] a server that ends at its start is told at once, with its last words for operators', async () => {
  // Over the pause after its first end calls wait; from the second on they are told.
  await expect.poll(async () => (await call('broken__anything')).error?.data?.['reason'], { timeout: 20_000 }).toMatch(/^(backing_off|failed)$/);
  const tookMs: number[] = [];
  for (let round = 0; round < 10; round++) {
    const startedMs = performance.now();
    expect((await call('broken__anything')).error).toMatchObject({ code: -31_001, data: { server: 'broken', outcome: 'not_executed' } });
    tookMs.push(performance.now() - startedMs);
  }
  expect(Math.min(...tookMs)).toBeLessThan(50);
  expect((await stateOf('broken'))?.stderrTail).not.toBe('');
}, 40_000);

test('[F-06] of half an answer before the end nothing is delivered', async () => {
  expect(await call('halving__half')).toMatchObject({ error: { code: -31_003, data: { outcome: 'unknown' } } });
  await recovers('halving');
}, 20_000);

test('[F-07] half an answer and silence end at the time limit, and the server is of use again', async () => {
  const startedMs = performance.now();
  expect(await call('stalling__stall')).toMatchObject({ error: { code: -31_002, data: { outcome: 'unknown' } } });
  expect(Math.abs(performance.now() - startedMs - CALL_TIMEOUT_MS)).toBeLessThan(1_000);
  await recovers('stalling');
}, 30_000);

test('[F-08] 128 MiB on stderr block nobody, and the last 64 KiB of it stay', async () => {
  const { count } = await beside(() => call('chatty__stderr'));
  expect(count).toBeGreaterThan(3);
  await recovers('chatty');
  const tail = (await stateOf('chatty'))?.stderrTail ?? '';
  expect(tail.length).toBeLessThanOrEqual(65_536);
  expect(tail).toContain('FFFF');
}, 60_000);

test('[F-09] [F-10] a line without end, and a result of 100 MB, end their calls as too large without taking the memory', async () => {
  const beforeBytes = await rssBytes(gateway.pid);
  let mostBytes = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      mostBytes = Math.max(mostBytes, await rssBytes(gateway.pid));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  expect([-31_003, -31_005]).toContain((await call('endless__endless')).error?.code);
  expect(await call('large__large')).toMatchObject({ error: { code: -31_005, data: { outcome: 'executed' } } });
  isOver = true;
  await watching;
  // A line is held up to its limit of 10 MiB; the rest is the collector's slack.
  expect((mostBytes - beforeBytes) / MIB).toBeLessThan(96);
  await recovers('large');
}, 60_000);

test('[F-11] [F-12] answers to nobody end in a timeout for the one who asked, and of several answers the first counts', async () => {
  expect(await call('confused__nobody')).toMatchObject({ error: { code: -31_002 } });
  for (let round = 0; round < 20; round++) expect(textOf(await call('confused__twice'))).toBe('right');
  expect(textOf(await call('confused__echo'))).toBe('{}');
}, 20_000);

test('[F-15] ten thousand change notices and a hundred thousand log messages are at most a list a second', async () => {
  const lists = async (): Promise<number> => (JSON.parse(textOf(await call('stormy__heard'))) as Record<string, number>)['tools/list'] ?? 0;
  const before = await lists();
  const startedMs = performance.now();
  const { count } = await beside(() => call('stormy__storm'));
  expect(count).toBeGreaterThan(3);
  await expect.poll(lists, { timeout: 5_000 }).toBeGreaterThan(before);
  expect((await lists()) - before).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - startedMs) / 1_000));
}, 40_000);

test('[F-41] beside servers that do everything wrong at once, every call of the one that is well is right', async () => {
  const misdeeds = shuffled(['all1', 'all2', 'all3'].flatMap((server) => ['noise', 'half', 'nobody', 'twice', 'storm', 'endless', 'stderr', 'large'].map((tool) => `${server}__${tool}`)), seeded(SEED));
  const { count } = await beside(() => Promise.all(['0', '1', '2'].map(async (lane) => {
    for (const [index, name] of misdeeds.entries()) if (index % 3 === Number(lane)) await call(name, {}, 'eve');
  })));
  expect(count).toBeGreaterThan(50);
  expect(gateway.stderr()).not.toMatch(/unhandled|uncaught|\n {4}at /i);
  expect(JSON.stringify(await gateway.log())).not.toContain('gateway.bug');
}, 110_000);
