/** Servers of which there is one process for three gateways: all use it, it moves when its gateway dies, and nothing is executed twice. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '../fixtures/hostile-stdio/processes.ts';
import { modernRequest, type RawAnswer, textOf } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { openReplicas, type RunningReplica, type RunningReplicas } from '../support/start-replicas.ts';

const KEY = randomKey();
const OTHER_KEY = randomKey();
const FIXTURES = join(import.meta.dirname, '../fixtures');
const folder = mkdtempSync(join(tmpdir(), 'metamcp-placement-'));
const journal = join(folder, 'journal');
const ERAS = ['legacy', 'modern'] as const;

let replicas: RunningReplicas | undefined;
const running: RunningReplica[] = [];

beforeAll(async () => {
  const serverOf = (era: string) => ({ command: process.execPath, args: [join(FIXTURES, 'counting-server.ts'), '--stdio', '--era', era, '--journal', journal], placement: 'one' });
  replicas = await openReplicas({
    servers: { ...Object.fromEntries(ERAS.map((era) => [era, serverOf(era)])), notes: { type: 'template', template: 'memory', placement: 'one' }, meta: { type: 'orchestrator', placement: 'one' } },
    namespaces: { all: { servers: [...ERAS, 'notes', 'meta'] } },
    endpoints: { dev: { namespace: 'all' } },
    keys: { load: { value: KEY }, other: { value: OTHER_KEY } },
  });
  const { start } = replicas ?? {};
  if (start !== undefined) running.push(...(await Promise.all(['one', 'two', 'three'].map((name) => start(name)))));
}, 120_000);

afterAll(async () => {
  await replicas?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const call = (replica: RunningReplica, name: string, args: object = {}): Promise<RawAnswer> => modernRequest({ url: replica.mcp('dev'), key: KEY }, 'tools/call', { name, arguments: args });
const said = async (replica: RunningReplica, name: string, args: object = {}): Promise<Record<string, unknown>> => JSON.parse(textOf((await call(replica, name, args)).message) || '{}') as Record<string, unknown>;
const pidAt = async (replica: RunningReplica, era: string): Promise<number | undefined> => (await said(replica, `${era}__canary`))['pid'] as number | undefined;

/** What a tool of ours answers, as whoever has that key. */
async function structured(replica: RunningReplica, name: string, args: object = {}, key = KEY): Promise<unknown> {
  const { message } = await modernRequest({ url: replica.mcp('dev'), key }, 'tools/call', { name, arguments: args });
  return message.result?.['structuredContent'] ?? textOf(message);
}

/** The one process that answers all of them, once there is one. */
async function onePid(era: string, not?: number): Promise<number> {
  const pids = async (): Promise<(number | undefined)[]> => [...new Set(await Promise.all(running.map((replica) => pidAt(replica, era))))];
  await expect.poll(async () => {
    const found = await pids();
    return found.length === 1 && found[0] !== undefined && found[0] !== not;
  }, { timeout: 30_000, interval: 100 }).toBe(true);
  return (await pids())[0] ?? 0;
}

async function leaderOf(): Promise<RunningReplica> {
  const items = (await running[0]?.admin('GET', 'replicas'))?.body['items'] as { name: string; isLeader: boolean }[];
  const leader = running.find(({ name }) => items.some((item) => item.isLeader && item.name === name));
  if (leader === undefined) throw new Error('nobody leads');
  return leader;
}

test.each(ERAS)('[RP-05] a %s server has one process, and what it remembers is what all of them see', async (era) => {
  if (replicas === undefined) return;
  await onePid(era);
  const counts: unknown[] = [];
  for (const replica of [...running, ...running]) counts.push((await said(replica, `${era}__count`, { key: `all-${era}` }))['count']);
  expect(counts).toEqual([1, 2, 3, 4, 5, 6]);
  // Side by side too: every answer reaches the one who asked.
  const many = await Promise.all(Array.from({ length: 150 }, async (_, index) => (await said(running[index % 3] as RunningReplica, `${era}__count`, { key: `${era}-${index}` }))['key']));
  expect(many).toEqual(Array.from({ length: 150 }, (_, index) => `${era}-${index}`));
}, 60_000);

test('[RP-05] a server made of a template has one process, and what it was told at one gateway is known at the others', async ({ skip }) => {
  if (replicas === undefined) return skip();
  for (const [index, replica] of running.entries()) {
    expect(await structured(replica, 'notes__create_entities', { entities: [{ name: `thing${index}`, entityType: 'thing', observations: [`seen at ${replica.name}`] }] })).toEqual({ changed: 2 });
  }
  for (const replica of running) expect(await structured(replica, 'notes__read_graph')).toMatchObject({ entities: [{ name: 'thing0' }, { name: 'thing1' }, { name: 'thing2' }] });
}, 60_000);

test('[RP-05] a server that was made on demand at one gateway is used and ended at others, by who made it alone', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const [one, two, three] = running as [RunningReplica, RunningReplica, RunningReplica];
  const made: string[] = [];
  for (const replica of running) {
    const { server_id: id } = (await structured(replica, 'meta__create_server', { name: `made-${replica.name}`, template: 'basic_calculator' })) as { server_id: string };
    made.push(id);
  }
  for (const replica of running) {
    for (const id of made) expect(await structured(replica, 'meta__execute_on_server', { server_id: id, tool_name: 'add', arguments: { a: 15, b: 27 } })).toEqual({ result: 42, status: 'success' });
    expect(await structured(replica, 'meta__list_servers')).toMatchObject({ count: 3 });
    expect(await structured(replica, 'meta__list_servers', {}, OTHER_KEY)).toMatchObject({ count: 0 });
    expect(await structured(replica, 'meta__execute_on_server', { server_id: made[0], tool_name: 'add', arguments: { a: 1, b: 1 } }, OTHER_KEY)).toContain('There is no server');
  }
  for (const replica of [two, three, one]) await structured(replica, 'meta__stop_server', { server_id: made.shift() });
  for (const replica of running) expect(await structured(replica, 'meta__list_servers')).toMatchObject({ count: 0 });
}, 60_000);

test('[RP-05] when the gateway that has it is killed, it is started at another one, and no call is executed twice', async ({ skip }) => {
  if (replicas === undefined) return skip();
  const before = await onePid('legacy');
  const victim = await leaderOf();
  const clients = running.filter((replica) => replica !== victim);
  let isOver = false;
  const counted: string[] = [];
  const unknown: string[] = [];
  const load = clients.flatMap((replica) =>
    ERAS.flatMap((era) =>
      Array.from({ length: 4 }, async (_, client) => {
        for (let number = 0; !isOver; number++) {
          const key = `kill-${replica.name}-${era}-${client}-${number}`;
          const { message } = await call(replica, `${era}__count`, { key });
          (textOf(message).includes(key) ? counted : unknown).push(key);
        }
      }),
    ),
  );
  await expect.poll(() => counted.length, { timeout: 10_000 }).toBeGreaterThan(200);
  running.splice(running.indexOf(victim), 1);
  await victim.kill();
  const killedMs = performance.now();
  const after = await onePid('legacy', before);
  await onePid('modern');
  const movedMs = performance.now() - killedMs;
  const mark = counted.length;
  await expect.poll(() => counted.length, { timeout: 10_000 }).toBeGreaterThan(mark + 200);
  isOver = true;
  await Promise.all(load);
  const times = new Map<string, number>();
  for (const key of readFileSync(journal, 'utf8').split('\n').filter((line) => line.startsWith('kill-'))) times.set(key, (times.get(key) ?? 0) + 1);
  process.stderr.write(`one process moved after ${movedMs.toFixed(0)} ms: ${counted.length} calls, ${unknown.length} refused or lost\n`);
  expect(counted.filter((key) => times.get(key) !== 1)).toEqual([]);
  expect(unknown.filter((key) => (times.get(key) ?? 0) > 1)).toEqual([]);
  expect(after).not.toBe(before);
  await expect.poll(() => isRunning(before), { timeout: 10_000 }).toBe(false);
  // Servers on demand went with the gateway that ran them, and others can be made.
  for (const replica of running) expect(await structured(replica, 'meta__list_servers')).toMatchObject({ count: 0 });
  const { server_id: id } = (await structured(running[0] as RunningReplica, 'meta__create_server', { name: 'again', template: 'basic_calculator' })) as { server_id: string };
  for (const replica of running) expect(await structured(replica, 'meta__execute_on_server', { server_id: id, tool_name: 'add', arguments: { a: 1, b: 2 } })).toEqual({ result: 3, status: 'success' });
}, 120_000);

test('[RP-05] when the gateway that has it is stopped, calls under way are answered first', async ({ skip }) => {
  if (replicas === undefined || running.length < 2) return skip();
  const victim = await leaderOf();
  const other = running.find((replica) => replica !== victim) as RunningReplica;
  const slow = call(other, 'legacy__count', { key: 'slow', delayMs: 1_000 });
  await expect.poll(() => readFileSync(journal, 'utf8').split('\n').includes('slow'), { timeout: 5_000 }).toBe(true);
  running.splice(running.indexOf(victim), 1);
  const [answer, code] = await Promise.all([slow, victim.stop()]);
  expect([textOf(answer.message), code]).toEqual([JSON.stringify({ key: 'slow', count: 1 }), 0]);
  await onePid('legacy');
}, 60_000);
