/** A run of a workflow whose gateway ends: another one goes on with it, and no step is made twice. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningFixture, startFixture } from '../fixtures/start-fixture.ts';
import { randomKey } from '../support/random-key.ts';
import { openReplicas, type RunningReplica, type RunningReplicas } from '../support/start-replicas.ts';

const folder = mkdtempSync(join(tmpdir(), 'metamcp-replica-runs-'));
const journal = join(folder, 'journal');
const STEPS = Array.from({ length: 10 }, (_, index) => `s${index}`);
/** The lease of a run is 30 s, and it is looked for what is left every two. */
const TAKEN_OVER_MS = 45_000;
const workflow = (label: string) => ({
  endpoint: 'dev',
  steps: STEPS.map((id, index) => ({ id, tool: 'count__count', arguments: { key: `${label}-${id}`, delayMs: 200 }, needs: STEPS.slice(Math.max(0, index - 1), index), compensate: { tool: 'count__count', arguments: { key: `${label}-undo-${id}` } }, onUnknown: 'compensate' })),
});

let replicas: RunningReplicas | undefined;
let counting: RunningFixture;
let stays: RunningReplica;

beforeAll(async () => {
  counting = await startFixture('counting-server.ts', '--journal', journal);
  replicas = await openReplicas({
    servers: { count: { type: 'http', url: counting.url }, flows: { type: 'workflows' } },
    namespaces: { all: { servers: ['count', 'flows'] } },
    endpoints: { dev: { namespace: 'all' } },
    keys: { load: { value: randomKey() } },
    workflows: { killed: workflow('killed'), stopped: workflow('stopped') },
  });
  if (replicas !== undefined) stays = await replicas.start('stays');
}, 120_000);

afterAll(async () => {
  await replicas?.stop();
  await counting.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** How often each step of it was made. */
function made(label: string): Record<string, number> {
  const lines = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n') : [];
  const times: Record<string, number> = {};
  for (const line of lines) if (line.startsWith(`${label}-`)) times[line.slice(label.length + 1)] = (times[line.slice(label.length + 1)] ?? 0) + 1;
  return times;
}

/** Begins the run at that gateway, and ends the gateway in the middle of it. */
async function endInTheMiddle(label: string, at: RunningReplica, end: () => Promise<unknown>): Promise<string> {
  const { body } = await at.admin('POST', `workflows/${label}/runs`, { inputs: {} });
  await expect.poll(() => Object.keys(made(label)).length, { timeout: 15_000, interval: 20 }).toBeGreaterThanOrEqual(3);
  // Before it ends: another gateway may have made the rest by the time that it has.
  expect(Object.keys(made(label)).length).toBeLessThan(STEPS.length);
  await end();
  return String(body['id']);
}

const statusOf = async (id: string): Promise<unknown> => (await stays.admin('GET', `workflow-runs/${id}`)).body['status'];

test('[RP-03] [RP-04] a run whose gateway was killed is taken over when its lease is over: what is not known is undone, nothing is made twice', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const victim = await replicas.start('victim');
  const id = await endInTheMiddle('killed', victim, victim.kill);
  const startedMs = performance.now();
  expect(await statusOf(id)).toBe('running');
  await expect.poll(() => statusOf(id), { timeout: TAKEN_OVER_MS, interval: 200 }).not.toBe('running');
  process.stderr.write(`a run was taken over and ended ${((performance.now() - startedMs) / 1000).toFixed(1)} s after its gateway was killed\n`);
  expect(['done', 'compensated']).toContain(await statusOf(id));
  const times = made('killed');
  expect(Object.entries(times).filter(([, count]) => count !== 1)).toEqual([]);
  for (const step of STEPS) expect((await statusOf(id)) === 'done' ? times[step] : (times[step] ?? 0) - (times[`undo-${step}`] ?? 0)).toBe((await statusOf(id)) === 'done' ? 1 : 0);
}, 90_000);

test('[RP-03] [RP-04] a run whose gateway is stopped goes on at another one at once, to its end', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const leaver = await replicas.start('leaver');
  const id = await endInTheMiddle('stopped', leaver, async () => expect(await leaver.stop()).toBe(0));
  await expect.poll(() => statusOf(id), { timeout: 20_000, interval: 100 }).toBe('done');
  expect(made('stopped')).toEqual(Object.fromEntries(STEPS.map((step) => [step, 1])));
}, 60_000);
