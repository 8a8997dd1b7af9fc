import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { type WorkflowRun, WorkflowSchema } from '../model/workflow.ts';
import type { Log } from '../observability/log.ts';
import { lockDataFolder } from '../storage/data-folder.ts';
import { openStorage, type Storage } from '../storage/open-storage.ts';
import { findRun, insertRun, setRunStatus, takeRun } from '../storage/workflows.ts';
import { RunLeases } from './workflow-leases.ts';

let postgres: TestPostgres | undefined;
let folder: string;

beforeAll(async () => {
  postgres = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'leases-'));
}, 60_000);
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true });
});

const quiet = { info: () => undefined, warn: () => undefined } as unknown as Log;
const workflow = WorkflowSchema.parse({ name: 'w', endpoint: 'e', steps: [{ id: 'a', tool: 't' }] });
const run = (id: string): WorkflowRun => ({ id, workflow, principal: { kind: 'key', id: 'k', credentialId: 'c', name: 'n' }, inputs: {}, status: 'running', reason: '', output: undefined, startedAtMs: 1, resumedAtMs: 1, endedAtMs: undefined });

/** A gateway's share of the runs: which it has, and which it was told to leave. */
class Gateway {
  readonly has = new Set<string>();
  readonly left: string[] = [];
  readonly leases: RunLeases;

  constructor(owner: string, clock: MovableClock, storage: Storage) {
    this.leases = new RunLeases({ clock, db: storage.db, log: quiet, owner, go: ({ id }) => void this.has.add(id), isActive: (id) => this.has.has(id), active: () => this.has, lost: (id) => (this.left.push(id), void this.has.delete(id)) });
  }
}

async function onEach(name: 'sqlite' | 'postgres', body: (storage: Storage) => Promise<void>): Promise<void> {
  const databaseUrl = name === 'sqlite' ? undefined : await postgres?.createDatabase();
  if (name === 'postgres' && databaseUrl === undefined) return;
  const lock = lockDataFolder(mkdtempSync(join(folder, 'data-')));
  const storage = await openStorage({ folder: lock, databaseUrl, clock: new MovableClock(), keyCheck: 'check', report: () => undefined });
  try {
    await body(storage);
  } finally {
    await storage.close();
    lock.release();
  }
}

test.each(['sqlite', 'postgres'] as const)('on %s, of many gateways that try at once one has a run', (name) =>
  onEach(name, async (storage) => {
    const clock = new MovableClock();
    const gateways = Array.from({ length: 8 }, (_, at) => new Gateway(`g${at}`, clock, storage));
    const gone = new Gateway('gone', clock, storage);
    for (let at = 0; at < 20; at++) await insertRun(storage.db, run(`run_${at}`), { ...gone.leases.lease(), untilMs: clock.nowMs() - 1 });
    await Promise.all(gateways.map(({ leases }) => leases.start()));
    expect(gateways.flatMap(({ has }) => [...has]).toSorted()).toEqual(Array.from({ length: 20 }, (_, at) => `run_${at}`).toSorted());
    for (const { leases } of gateways) await leases.stop();
  }), 30_000);

test.each(['sqlite', 'postgres'] as const)('on %s, a run stays with its gateway as long as that renews its lease, then goes to another', (name) =>
  onEach(name, async (storage) => {
    const clock = new MovableClock();
    const [first, second] = [new Gateway('first', clock, storage), new Gateway('second', clock, storage)];
    await insertRun(storage.db, run('run_1'), first.leases.lease());
    first.has.add('run_1');
    await first.leases.start();
    await second.leases.start();
    const pass = async (seconds: number): Promise<void> => {
      for (let at = 0; at < seconds; at += 2) {
        await clock.move(2_000);
        await expect.poll(async () => (await findRun(storage.db, 'run_1'))?.id).toBe('run_1');
      }
    };
    await pass(60);
    expect([[...first.has], [...second.has]]).toEqual([['run_1'], []]);
    await first.leases.stop();
    await pass(20);
    expect([...second.has]).toEqual([]);
    await expect.poll(async () => (await pass(2), [...second.has]), { timeout: 20_000 }).toEqual(['run_1']);
    // The first one comes back, and learns that the run is not its own any more.
    await first.leases.start();
    await expect.poll(() => first.left).toEqual(['run_1']);
    await second.leases.stop();
    await first.leases.stop();
    // Given up, it is anybody's at once.
    await second.leases.giveUp();
    expect(await takeRun(storage.db, 'run_1', { from: 'running', lease: first.leases.lease() })).toBe(true);
    await setRunStatus(storage.db, 'run_1', 'done', { reason: '', endedAtMs: 1 });
    expect(await takeRun(storage.db, 'run_1', { from: 'running', lease: first.leases.lease() })).toBe(false);
  }), 60_000);
