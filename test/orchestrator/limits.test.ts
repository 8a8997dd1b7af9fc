import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createOrchestrator, type Orchestrator } from '../../src/orchestrator/orchestrator.ts';
import { readOrchestratorSettings } from '../../src/orchestrator/orchestrator-settings.ts';
import { loadTemplates } from '../../src/templates/load-templates.ts';
import { findSandbox } from '../../src/upstream/stdio/sandbox.ts';
import { OrphanWatcher } from '../../src/upstream/stdio/orphan-watcher.ts';

const ROGUE = fileURLToPath(new URL('../fixtures/rogue-server.mjs', import.meta.url));
const { templates } = loadTemplates(undefined);
const folder = mkdtempSync(join(tmpdir(), 'limits-test-'));
const watcher = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: () => undefined });
let orchestrator: Orchestrator;

beforeEach(() => {
  orchestrator = start({});
});
afterEach(() => orchestrator.close());
afterAll(async () => {
  await watcher.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(file: object, findSandbox?: () => string | undefined, startTimeoutMs = 30_000): Orchestrator {
  return createOrchestrator({
    clock: systemClock,
    random: (count) => randomBytes(count),
    version: '1',
    settings: { ...readOrchestratorSettings({ approved_script_roots: [dirname(ROGUE)], temp_directory: folder, max_concurrent_servers: 50, ...file }, {}), createsPerMinuteMax: 100_000 },
    templates: () => templates,
    watcher,
    node: process.execPath,
    path: process.env['PATH'] ?? '',
    egressAllow: [],
    startTimeoutMs,
    ...(findSandbox === undefined ? {} : { findSandbox }),
  });
}

const call = (id: string, tool: string, args: Record<string, string | number>) => orchestrator.children.execute('ann', id, { tool, args, signal: new AbortController().signal, onProgress: () => undefined });

/** Processes whose command line names the rogue, wherever they went. */
function rogues(): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const text = commandLine(name);
    return text.includes('setInterval(() => {}, 1000)') || (text.includes(ROGUE) && !text.includes('vitest')) ? [Number(name)] : [];
  });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

async function until(isTrue: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isTrue() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isTrue()).toBe(true);
}

test.runIf(process.platform === 'linux').each([
  ['allocates without end', 'allocate', /memory|ended|exited/],
  ['forks', 'fork', /processes/],
  ['floods its stdout', 'flood', /output|line|flood/],
  ['spins', 'spin', /did not answer/],
])('a child that %s is stopped, told of in an event, and its neighbour works on', async (_title, kind, why) => {
  const neighbour = await orchestrator.children.create('ann', { name: 'calc', serverType: 'python', template: 'basic_calculator' });
  const rogue = await orchestrator.children.create('ann', { name: 'rogue', serverType: 'node', scriptPath: ROGUE, timeoutMs: kind === 'spin' ? 1_000 : 20_000, memoryMegabytes: kind === 'fork' ? 8_192 : 256 });
  await expect(call(rogue.id, 'trick', { kind })).rejects.toThrow(/./);
  await until(() => rogue.status === 'failed', 10_000);
  expect(rogue.reason).toMatch(why);
  await until(() => rogues().length === 0, 8_000);
  expect(orchestrator.events.find({ limit: 5, serverId: rogue.id }).map((event) => event.kind)).toContain('failed');
  expect((await call(neighbour.id, 'add', { a: 15, b: 27 }))['structuredContent']).toEqual({ result: 42 });
}, 60_000);

test.runIf(process.platform === 'linux')('a child that ignores SIGTERM and the end of its stdin is gone within its time', async () => {
  const rogue = await orchestrator.children.create('ann', { name: 'rogue', serverType: 'node', scriptPath: ROGUE });
  expect(await call(rogue.id, 'trick', { kind: 'stay' })).toMatchObject({ content: [{ text: 'here I stay' }] });
  const startedMs = performance.now();
  await orchestrator.children.stop(rogue, 'test');
  expect(performance.now() - startedMs).toBeLessThan(6_000);
  expect(rogues()).toEqual([]);
}, 30_000);

test('[ST-11] servers are capped for each principal and for the host, start within their time, and stop when nobody uses them', async () => {
  writeFileSync(join(folder, 'silent.mjs'), 'setInterval(() => {}, 60_000);');
  const own = start({ approved_script_roots: [folder], max_concurrent_servers: 2, host_max_servers: 3, idle_timeout_seconds: 1 }, undefined, 2_000);
  const create = (principal: string) => own.children.create(principal, { name: 'c', serverType: 'node', template: 'time' });
  await expect(own.children.create('ann', { name: 'c', serverType: 'node', scriptPath: join(folder, 'silent.mjs') })).rejects.toThrow(/could not be started/);
  const records = await Promise.all([create('ann'), create('ann')]);
  await expect(create('ann')).rejects.toThrow(/2 servers of 2.*stop_server/);
  if (own.hasSandbox) {
    await create('ben');
    await expect(create('cid')).rejects.toThrow(/3 servers run here/);
  }
  await until(() => own.children.of(undefined).length === 0, 15_000);
  expect(records.map(({ reason }) => reason)).toEqual(['it was idle', 'it was idle']);
  await own.close();
}, 60_000);

test('a pooled server is there at least twenty times as quickly as one that is made', async () => {
  const cold: number[] = [];
  for (let count = 0; count < 3; count++) {
    const startedMs = performance.now();
    await orchestrator.children.create('ann', { name: 'calc', serverType: 'python', template: 'basic_calculator' });
    cold.push(performance.now() - startedMs);
  }
  const first = await orchestrator.children.pooled('ann', 'basic_calculator');
  const startedMs = performance.now();
  for (let count = 0; count < 100; count++) expect((await orchestrator.children.pooled('ann', 'basic_calculator')).record.id).toBe(first.record.id);
  const reuseMs = (performance.now() - startedMs) / 100;
  const ratio = Math.min(...cold) / reuseMs;
  process.stderr.write(`pool: cold ${Math.min(...cold).toFixed(0)} ms, reuse ${reuseMs.toFixed(3)} ms, ratio ${ratio.toFixed(0)}\n`);
  expect(ratio).toBeGreaterThan(20);
}, 60_000);

test('a server that keeps state never passes from one principal to another', async () => {
  const { children } = orchestrator;
  const { record } = await children.pooled('ann', 'memory');
  const { pid } = record.child ?? {};
  await until(() => children.of('').some(({ status }) => status === 'running'), 20_000);
  await children.stop(record, 'test');
  const second = await children.pooled('ben', 'memory');
  expect(second.isReused).toBe(true);
  expect(second.record.child?.pid).not.toBe(pid);
  expect(children.running('ben', second.record.id).child.callCount).toBe(0);
}, 60_000);

test('[ST-08] without a sandbox one principal at a time has servers, or none where it is required', async () => {
  const create = (one: Orchestrator, principal: string) => one.children.create(principal, { name: 'c', serverType: 'python', template: 'time' });
  const open = start({}, () => undefined);
  const record = await create(open, 'ann');
  await expect(create(open, 'ben')).rejects.toThrow(/bubblewrap/);
  await open.children.stop(record, 'test');
  await create(open, 'ben');
  await open.close();
  const strict = start({ sandbox: 'required' }, () => undefined);
  await expect(create(strict, 'ann')).rejects.toThrow(/bubblewrap/);
  await strict.close();
}, 30_000);

test.runIf(findSandbox() !== undefined)('[ST-08] in the sandbox there is no other process, no home, no data of the gateway and no network namespace of ours', async () => {
  writeFileSync(join(folder, 'secret'), 'secret');
  const record = await orchestrator.children.create('ann', { name: 'probe', serverType: 'node', scriptPath: ROGUE });
  const result = await call(record.id, 'trick', { kind: 'look', at: join(folder, 'secret') });
  const seen = JSON.parse((result['content'] as { text: string }[])[0]?.text ?? '{}') as Record<string, unknown>;
  expect(seen).toEqual({ processes: expect.any(Number), secret: 'ENOENT', shadow: 'ENOENT', root: 'ENOENT', gateway: expect.not.stringContaining('vitest'), write: expect.stringMatching(/EROFS|EACCES|ENOENT|EPERM/), docker: 'ENOENT', capabilities: '0000000000000000' });
  expect(Number(seen['processes'])).toBeLessThan(5);
}, 30_000);

test('a server that has ended is let go with all that it held, and what it used is still told', async () => {
  const { children } = orchestrator;
  const record = await children.create('ann', { name: 'c', serverType: 'node', template: 'basic_calculator' });
  await call(record.id, 'add', { a: 1, b: 2 });
  await children.stop(record, 'test');
  const ended = children.find('ann', record.id);
  expect([ended.status, ended.child, ended.lastUse?.callCount, ended.lastUse?.errorCount]).toEqual(['stopped', undefined, 1, 0]);
});

test('create, call and stop with random kills leave no process and no folder', async () => {
  const { children } = orchestrator;
  const cycles = Number(process.env['ORCHESTRATOR_CYCLES'] ?? 40);
  let random = 42;
  const next = (): number => (random = (random * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const before = process.memoryUsage().heapUsed;
  const one = async (): Promise<void> => {
    const record = await children.create('ann', { name: 'c', serverType: 'python', template: 'basic_calculator' });
    const pid = record.child?.pid ?? 0;
    const chance = next();
    if (chance < 0.2) process.kill(pid, 'SIGKILL');
    await call(record.id, 'add', { a: 1, b: 2 }).catch(() => undefined);
    if (chance > 0.2 && chance < 0.3) process.kill(-pid, 'SIGKILL');
    await children.stop(record, 'test');
  };
  for (let done = 0; done < cycles; done += 4) await Promise.all([one(), one(), one(), one()]);
  await until(() => children.of(undefined).length === 0, 10_000);
  expect(readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLine(name).includes(folder))).toEqual([]);
  process.stderr.write(`cycles: ${cycles}, heap ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(1)} MiB more\n`);
}, 3_600_000);
