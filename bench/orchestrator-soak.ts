/**
 * Creates, calls and stops servers on demand, kills some of them at random, and says what is left: processes, folders and
 * the slope of the memory. Fails where a process or a folder is left, or the memory grows. SIGINT ends it early and tells of
 * the cycles by then.
 *
 *     node --expose-gc bench/orchestrator-soak.ts [CYCLES=10000] [AT_ONCE=4]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { createOrchestrator, type Orchestrator } from '../src/orchestrator/orchestrator.ts';
import { readOrchestratorSettings } from '../src/orchestrator/orchestrator-settings.ts';
import { loadTemplates } from '../src/templates/load-templates.ts';
import { OrphanWatcher } from '../src/upstream/stdio/orphan-watcher.ts';

/** Bytes a cycle by which the heap may grow: below what one lost record would be. */
const SLOPE_MAX = 1_024;
const SAMPLES = 20;

interface Sample {
  readonly cycle: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

const [cycles = 10_000, atOnce = 4] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'orchestrator-soak-'));
const random = seeded(42);

function start(watcher: OrphanWatcher): Orchestrator {
  const { templates } = loadTemplates(undefined);
  return createOrchestrator({ clock: systemClock, random: (count) => randomBytes(count), version: '1', settings: { ...readOrchestratorSettings({ temp_directory: folder, max_concurrent_servers: 50 }, {}), createsPerMinuteMax: 1_000_000 }, templates: () => templates, watcher, node: process.execPath, path: process.env['PATH'] ?? '', egressAllow: [] });
}

/** On a busy machine a start may take longer than it may: that is told, and must leave nothing behind either. */
function notStarted(thrown: unknown): undefined {
  say(thrown instanceof Error ? thrown.message : String(thrown));
}

/** One server: made, sometimes killed before or after its call, and stopped. */
async function cycle({ children }: Orchestrator): Promise<void> {
  const record = await children.create('soak', { name: 'c', serverType: 'node', template: 'basic_calculator' }).catch(notStarted);
  if (record === undefined) return;
  const pid = record.child?.pid ?? 0;
  const chance = random();
  if (chance < 0.15) kill(pid);
  const call = children.execute('soak', record.id, { tool: 'add', args: { a: 15, b: 27 }, signal: new AbortController().signal, onProgress: () => undefined }).catch(() => undefined);
  if (chance > 0.15 && chance < 0.25) kill(pid);
  if (chance < 0.9) await call;
  if (chance > 0.25 && chance < 0.3) kill(-pid);
  await children.stop(record, 'soak');
  await call;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Lehmer's generator, so that a run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function processesLeft(): number {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(folder);
    } catch {
      return false;
    }
  }).length;
}

/** Least squares, bytes a cycle, over the second half: the first fills caches. */
function slopeOf(all: readonly Sample[], bytesOf: (sample: Sample) => number): number {
  const samples = all.slice(Math.floor(all.length / 2));
  const mean = (valueOf: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + valueOf(sample), 0) / samples.length;
  const [x, y] = [mean((sample) => sample.cycle), mean(bytesOf)];
  const spread = samples.reduce((sum, sample) => sum + (sample.cycle - x) ** 2, 0);
  return spread === 0 ? 0 : samples.reduce((sum, sample) => sum + (sample.cycle - x) * (bytesOf(sample) - y), 0) / spread;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const watcher = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: say });
const orchestrator = start(watcher);
const samples: Sample[] = [];
const every = Math.max(1, Math.floor(cycles / SAMPLES));
let done = 0;
let isEnding = false;
process.once('SIGINT', () => (isEnding = true));
const worker = async (): Promise<void> => {
  while (done < cycles && !isEnding) {
    const number = ++done;
    await cycle(orchestrator);
    if (number % every !== 0) continue;
    globalThis.gc?.();
    const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
    samples.push({ cycle: number, heapBytes: heapUsed, residentBytes: rss });
    say(`${number} cycles: heap ${(heapUsed / 2 ** 20).toFixed(1)} of ${(heapTotal / 2 ** 20).toFixed(0)} MiB, external ${(external / 2 ** 20).toFixed(1)} MiB, resident ${(rss / 2 ** 20).toFixed(0)} MiB`);
  }
};
await Promise.all(Array.from({ length: atOnce }, worker));
await orchestrator.close();
const folders = readdirSync(folder).length;
const processes = processesLeft();
const slope = slopeOf(samples, ({ heapBytes }) => heapBytes);
const residentSlope = slopeOf(samples, ({ residentBytes }) => residentBytes);
await watcher.close();
rmSync(folder, { recursive: true, force: true });
say(`${done} cycles, ${[...orchestrator.events.counts()].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
say(`left: ${processes} processes, ${folders} folders; heap ${slope.toFixed(0)} bytes a cycle, resident ${residentSlope.toFixed(0)}`);
process.exitCode = processes === 0 && folders === 0 && slope < SLOPE_MAX ? 0 : 1;
