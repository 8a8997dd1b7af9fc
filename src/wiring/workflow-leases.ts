/**
 * Which runs this gateway has. Each is leased in the database and the lease is renewed as long as the run is under way;
 * what another gateway left behind is taken over once its lease is over, and what waited for a person goes on once that
 * person decided. Taking is one conditional update, so that of two gateways one has a run.
 */
import type { Clock } from '../base/clock.ts';
import { toFault } from '../base/fault.ts';
import type { WorkflowRun } from '../model/workflow.ts';
import type { Log } from '../observability/log.ts';
import type { Db } from '../storage/schema.ts';
import { clearApproval, type DecidedStep, findRun, giveUpLeases, type Lease, listDecidedSteps, listLeftRuns, renewLeases, settleStep, takeRun } from '../storage/workflows.ts';

/** How long a run rests after its gateway died, at most. */
const LEASE_MS = 30_000;
const LOOK_MS = 2_000;
const TAKEN_MAX = 200;

export interface RunLeasesDeps {
  readonly clock: Clock;
  readonly db: Db;
  readonly log: Log;
  /** Of this gateway; the same after a restart where no other gateway can have the database. */
  readonly owner: string;
  /** The run is ours from now on. */
  readonly go: (run: WorkflowRun) => void;
  readonly isActive: (run: string) => boolean;
  /** Somebody else has it, or may have. */
  readonly lost: (run: string) => void;
  readonly active: () => Iterable<string>;
}

export class RunLeases {
  readonly #deps: RunLeasesDeps;
  #cancelTimer: () => void = () => undefined;
  #isStopped = false;
  /** When the leases that we have end, by our own clock. */
  #untilMs = Infinity;
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: RunLeasesDeps) {
    this.#deps = deps;
  }

  lease(): Lease {
    const nowMs = this.#deps.clock.nowMs();
    return { owner: this.#deps.owner, nowMs, untilMs: nowMs + LEASE_MS };
  }

  /** Goes on with what is left, and looks again and again. */
  async start(): Promise<void> {
    await this.#look();
    this.#next();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#looking;
  }

  /** What this gateway had is free. */
  async giveUp(): Promise<void> {
    await giveUpLeases(this.#deps.db, this.#deps.owner);
  }

  #next(): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#deps.clock.after(LOOK_MS, () => {
      this.#looking = this.#look().finally(() => this.#next());
    });
  }

  async #look(): Promise<void> {
    const { clock, log, active, lost } = this.#deps;
    try {
      await this.#renew();
      await this.#takeLeft();
      await this.#wake();
    } catch (thrown) {
      log.warn('workflow runs', { detail: toFault(thrown).detail ?? String(thrown) });
      // Without the database nobody knows whose they are.
      if (clock.monotonicMs() >= this.#untilMs) for (const run of [...active()]) lost(run);
    }
  }

  async #renew(): Promise<void> {
    const { clock, db, active, lost } = this.#deps;
    const had = [...active()];
    const fromMs = clock.monotonicMs();
    const ours = await renewLeases(db, this.lease());
    this.#untilMs = fromMs + LEASE_MS;
    for (const run of had) if (!ours.has(run) && this.#deps.isActive(run)) lost(run);
  }

  async #takeLeft(): Promise<void> {
    const { db, log, go, isActive } = this.#deps;
    const left = (await listLeftRuns(db, this.lease(), TAKEN_MAX)).filter(({ id }) => !isActive(id));
    for (const run of left) {
      if (this.#isStopped || !(await takeRun(db, run.id, { from: 'running', lease: this.lease() }))) continue;
      log.info('workflow run goes on', { run: run.id });
      go(run);
    }
  }

  async #wake(): Promise<void> {
    const { db, clock } = this.#deps;
    const decided = await listDecidedSteps(db, clock.nowMs(), TAKEN_MAX);
    for (const [id, steps] of Map.groupBy(decided, ({ run }) => run)) if (!this.#isStopped) await this.#wakeOne(id, steps);
  }

  async #wakeOne(id: string, steps: readonly DecidedStep[]): Promise<void> {
    const { db, clock, go } = this.#deps;
    const nowMs = clock.nowMs();
    if (!(await takeRun(db, id, { from: 'waiting', lease: this.lease(), resumedAtMs: nowMs }))) return;
    for (const { key, isExpired } of steps) {
      if (isExpired) await settleStep(db, { run: id, key, status: 'failed', result: undefined, reason: 'nobody approved it in time', atMs: nowMs });
      else await clearApproval(db, id, key);
    }
    const run = await findRun(db, id);
    if (run !== undefined) go(run);
  }
}
