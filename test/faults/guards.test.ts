/** Faults of middleware that operators bring: it blocks the process, or the thread that it runs in ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureCommand } from '../fixtures/start-fixture.ts';
import { modernRequest, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';
import { readinessOf } from './ask-admin.ts';

const KEY = randomKey();
/** Does what the argument `key` says, in the thread that it is in. */
const moduleOf = (name: string, isThreaded: boolean): string => `
import { writeFileSync } from 'node:fs';
const block = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };
export const middleware = {
  manifestVersion: 1, name: '${name}', version: '1.0.0', description: 'Misbehaves.', onFailure: 'closed', isThreaded: ${isThreaded},
  create: () => ({
    onCall: (params) => {
      const { key = '' } = params.arguments ?? {};
      if (key.startsWith('block')) block(Number(key.slice(5)));
      if (key === 'spin') for (;;);
      if (key === 'exit') process.exit(7);
      if (key === 'crash') setTimeout(() => { throw new Error('out of the blue'); });
      if (key === 'crash') return new Promise(() => undefined);
      if (key === 'memory') { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); }
      if (key === 'big') return { params: { ...params, arguments: { key: 'big', note: String(params.arguments.number) } } };
      return {};
    },
  }),
};
`;
const folder = mkdtempSync(join(tmpdir(), 'metamcp-guards-'));
let gateway: RunningGateway;

beforeAll(async () => {
  const modules = { inside: false, beside: true };
  for (const [name, isThreaded] of Object.entries(modules)) writeFileSync(join(folder, `${name}.mjs`), moduleOf(name, isThreaded));
  const middleware: Readonly<Record<string, object[]>> = { plain: [], inside: [{ use: 'inside' }], beside: [{ use: 'beside' }], open: [{ use: 'beside', onFailure: 'open' }] };
  gateway = await startGateway({
    args: Object.keys(modules).flatMap((name) => ['--middleware-module', join(folder, `${name}.mjs`)]),
    config: {
      servers: { count: { ...fixtureCommand('counting-server.ts', '--stdio'), isolation: 'shared' } },
      namespaces: Object.fromEntries(Object.entries(middleware).map(([name, steps]) => [name, { servers: ['count'], middleware: steps }])),
      endpoints: Object.fromEntries(Object.keys(middleware).map((name) => [name, { namespace: name }])),
      keys: { test: { value: KEY } },
    },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const count = (endpoint: string, key: string, more: object = {}): Promise<RawAnswer> => modernRequest({ url: gateway.mcp(endpoint), key: KEY }, 'tools/call', { name: 'count__count', arguments: { key, ...more } });
async function metric(name: string): Promise<number> {
  const lines = (await (await fetch(`${gateway.url}/metrics`)).text()).split('\n').filter((line) => line.startsWith(name));
  return Math.max(-1, ...lines.map((line) => Number(line.split(' ').at(-1))));
}

test('[F-35] a process that is blocked time and again says so, is not ready, refuses new calls, and takes them again', async () => {
  expect(await readinessOf(gateway)).toMatchObject({ code: 200, load: 'ok' });
  // Each holds the process up for two seconds; the average of lateness crosses its limit with the second or third.
  const blocked = Promise.all([1, 2, 3].map((index) => count('inside', 'block2000', { note: index }).catch(() => undefined)));
  await expect.poll(() => readinessOf(gateway), { timeout: 15_000, interval: 20 }).toMatchObject({ code: 503, load: 'busy' });
  expect(await count('plain', 'refused')).toMatchObject({ status: 503, message: { error: { code: -31_006, data: { reason: 'event_loop', outcome: 'not_executed', retryable: true } } } });
  expect(await metric('nodejs_eventloop_delay')).toBeGreaterThan(0.5);
  await blocked;
  await expect.poll(() => readinessOf(gateway), { timeout: 15_000, interval: 50 }).toMatchObject({ code: 200, load: 'ok' });
  expect(textOf((await count('plain', 'after')).message)).toContain('"count":1');
}, 60_000);

test('[F-35] a guard in a thread that computes for ever is ended after its 200 ms, and nobody else waits for it', async () => {
  await count('beside', 'warm');
  const slowest: number[] = [];
  let isOver = false;
  const others = (async () => {
    for (let index = 0; !isOver; index++) {
      const startedMs = performance.now();
      expect((await count('plain', `other${index}`)).message.result).toBeDefined();
      slowest.push(performance.now() - startedMs);
    }
  })();
  const startedMs = performance.now();
  const { message } = await count('beside', 'spin');
  const tookMs = performance.now() - startedMs;
  isOver = true;
  await others;
  expect(message.error).toMatchObject({ code: -32_603, data: { reason: 'middleware_failed', outcome: 'not_executed' } });
  expect(tookMs).toBeGreaterThanOrEqual(199);
  expect(tookMs).toBeLessThan(2_000);
  expect(slowest.length).toBeGreaterThan(2);
  expect(Math.max(...slowest)).toBeLessThan(Math.max(500, tookMs));
  expect(JSON.stringify((await gateway.log()).findLast(({ msg }) => msg === 'middleware failed'))).toContain('late: above 200 ms');
}, 30_000);

test.each(['exit', 'crash', 'memory'])('[F-36] [DL-04] a guard whose thread ends by %s fails its call as its mode says, and the next call has a new thread', async (end) => {
  const failures = await metric('metamcp_middleware_failures');
  const before = (await count('plain', end)).message;
  expect((await count('beside', end)).message.error).toMatchObject({ data: { reason: 'middleware_failed', outcome: 'not_executed' } });
  // Open: the failure is counted and the call goes on.
  const { message } = await count('open', end);
  expect(textOf(message)).toContain(`"count":${Number(/"count":(\d+)/.exec(textOf(before))?.[1]) + 1}`);
  expect(await metric('metamcp_middleware_failures')).toBe(Math.max(failures, 0) + 2);
  expect(textOf((await count('beside', `after-${end}`)).message)).toContain('"count":1');
  const lines = gateway.stderr().split('\n');
  expect(lines.filter((line) => /unhandled|uncaught/i.test(line))).toEqual([]);
  // The log may say that the thread was out of memory; only of the process V8 says so itself.
  expect(lines.filter((line) => /out of memory/i.test(line) && !line.endsWith('"msg":"middleware failed"}') && !line.endsWith('"msg":"request failed"}'))).toEqual([]);
}, 60_000);
