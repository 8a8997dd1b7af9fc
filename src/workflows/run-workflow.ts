/**
 * One run of a workflow, from wherever it stands: what is recorded is the whole state, so a run goes on after any end of
 * the process. Before each call its intent is recorded; a call whose intent is there and whose end is not may have
 * happened, and is sent again only where its step is idempotent. A call that a person must approve was not sent: its
 * step waits, what does not need it goes on, and then the run waits as a whole.
 */
import { type Clock, sleep } from '../base/clock.ts';
import { needsOf, type RunStatus, type StepRecord, type WorkflowRun, type WorkflowStep } from '../model/workflow.ts';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import { at, filled, holds } from './expressions.ts';
import type { CallOutcome, MakeCall, WorkflowStore } from './workflow-store.ts';

export interface RunDeps {
  readonly clock: Clock;
  readonly store: WorkflowStore;
  readonly call: MakeCall;
  /** The process stops: calls under way end, nothing new begins, and the run stays as it is. */
  readonly stopping: AbortSignal;
}

/** What the graph came to when nothing more could be done. */
type End = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string } | { readonly kind: 'waiting'; readonly reason: string } | { readonly kind: 'left' };

const REASON_CHARS_MAX = 2_000;
const RESULT_CHARS_MAX = 1_000_000;
/** Between why a run is undone and what it waits for meanwhile. */
const WAITS_FOR = '; waits for approval of ';

/** Resolves with the status in which the run was left; `running` where the process stops or another one has it. */
export async function runWorkflow(run: WorkflowRun, deps: RunDeps): Promise<RunStatus> {
  return new RunState(run, deps, await deps.store.steps(run.id)).run();
}

class RunState {
  readonly #run: WorkflowRun;
  readonly #deps: RunDeps;
  readonly #records: Map<string, StepRecord>;
  readonly #abort = new AbortController();
  #calls: number;
  #end: End | undefined;
  /** Another process has the run. */
  #isElsewhere = false;
  /** Steps that a person must approve. */
  readonly #waits = new Map<string, string>();

  constructor(run: WorkflowRun, deps: RunDeps, records: readonly StepRecord[]) {
    this.#run = run;
    this.#deps = deps;
    this.#records = new Map(records.map((record) => [record.key, record]));
    this.#calls = records.reduce((sum, { attempts }) => sum + attempts, 0);
  }

  async run(): Promise<RunStatus> {
    const { clock, stopping } = this.#deps;
    const leftMs = this.#run.resumedAtMs + this.#run.workflow.deadlineMs - clock.nowMs();
    const cancelTimer = clock.after(Math.max(0, leftMs), () => {
      this.#stop({ kind: 'failed', reason: 'its deadline passed' });
      this.#abort.abort();
    });
    const leave = (): void => this.#stop({ kind: 'left' });
    stopping.addEventListener('abort', leave, { once: true });
    if (stopping.aborted) leave();
    try {
      // A run that was undoing itself goes on with that.
      const isUndoing = [...this.#records.keys()].some((key) => key.endsWith('~'));
      const end = isUndoing ? { kind: 'failed' as const, reason: this.#run.reason === '' ? 'a step failed' : (this.#run.reason.split(WAITS_FOR)[0] ?? '') } : await this.#walk();
      if (end.kind === 'left') return 'running';
      if (end.kind === 'done') return await this.#finish('done', '', this.#output());
      if (end.kind === 'waiting') return await this.#finish('waiting', end.reason);
      return await this.#undo(end.reason);
    } finally {
      cancelTimer();
      stopping.removeEventListener('abort', leave);
    }
  }

  async #finish(status: RunStatus, reason: string, output?: JsonValue): Promise<RunStatus> {
    await this.#deps.store.end(this.#run.id, status, { reason, output });
    return status;
  }

  /** Nothing new begins; what is under way ends by itself, so that its outcome is known. */
  #stop(end: End): void {
    this.#end ??= end;
  }

  /** Steps begin as soon as what they need has ended; resolves when none runs and none can begin. */
  async #walk(): Promise<End> {
    const open = new Map(this.#run.workflow.steps.map((step) => [step.id, step]));
    const over = new Set<string>();
    const running = new Map<string, Promise<void>>();
    const begin = (): void => {
      for (const [id, step] of open) {
        if (this.#end !== undefined || running.has(id) || ![...needsOf(step)].every((need) => over.has(need))) continue;
        const work = this.#step(step)
          .then((isOver) => {
            if (isOver) over.add(id);
          })
          .catch((thrown: unknown) => this.#stop({ kind: 'failed', reason: thrown instanceof Error ? thrown.message : 'the gateway failed' }))
          .finally(() => {
            running.delete(id);
            open.delete(id);
          });
        running.set(id, work);
      }
    };
    begin();
    while (running.size > 0) {
      await Promise.race(running.values());
      begin();
    }
    if (this.#end === undefined && this.#waits.size > 0) return { kind: 'waiting', reason: this.#told() };
    return this.#end ?? { kind: 'done' };
  }

  /** Whether what needs it may begin. */
  async #step(step: WorkflowStep): Promise<boolean> {
    const scope = this.#scope();
    if (!holds(step.when, scope)) {
      if (!this.#records.has(step.id)) await this.#settle(step.id, { kind: 'skipped' });
      return true;
    }
    if (step.map === undefined) await this.#call(step, step.id, { call: step, scope });
    else await this.#callEach(step, step.map, scope);
    return ![...this.#waits.keys()].some((key) => this.#stepOf(key) === step);
  }

  async #callEach(step: WorkflowStep, map: NonNullable<WorkflowStep['map']>, scope: JsonObject): Promise<void> {
    const items = at(scope, map.over);
    if (!Array.isArray(items)) return this.#stop({ kind: 'failed', reason: `${step.id}: ${map.over} is no list` });
    const open = (items as JsonValue[]).map((item, index) => ({ item, index }));
    const worker = async (): Promise<void> => {
      for (let next = open.shift(); next !== undefined && this.#end === undefined; next = open.shift()) {
        await this.#call(step, `${step.id}[${next.index}]`, { call: step, scope: { ...scope, item: next.item, index: next.index } });
      }
    };
    await Promise.all(Array.from({ length: map.concurrency }, worker));
    // An empty list leaves no trace otherwise.
    if (items.length === 0 && !this.#records.has(step.id)) await this.#settle(step.id, { kind: 'skipped' });
  }

  /** One call, or what is recorded of it. */
  async #call(step: WorkflowStep, key: string, { call, scope }: { readonly call: Pick<WorkflowStep, 'tool' | 'arguments'>; readonly scope: JsonObject }): Promise<void> {
    const known = this.#records.get(key);
    if (known !== undefined && this.#isSettled(step, known)) return;
    for (let attempt = (known?.attempts ?? 0) + 1; this.#mayCall(); attempt++) {
      if (!(await this.#intend(key, attempt))) return;
      const outcome = await this.#deps.call({ tool: call.tool, args: filled(call.arguments, scope) as JsonObject, idempotencyKey: `${this.#run.id}/${key}`, signal: this.#abort.signal });
      // Only idempotent steps have retries.
      if (outcome.kind === 'result' || outcome.kind === 'waiting' || attempt > step.retries) return this.#ended(step, key, outcome);
      await sleep(this.#deps.clock, step.retryDelayMs * 2 ** (attempt - 1));
    }
  }

  /** What is recorded decides: it is over, or may not be sent again. */
  #isSettled(step: WorkflowStep, { key, status, reason }: StepRecord): boolean {
    if (status === 'done' || status === 'skipped') return true;
    if (status === 'failed') this.#stop({ kind: 'failed', reason: `${key}: ${reason}` });
    else if (status === 'waiting') return false;
    else if (!step.idempotent) this.#unknown(step, key, status === 'started' ? 'the gateway ended while it was under way' : reason);
    else return false;
    return true;
  }

  #mayCall(): boolean {
    const { callsMax } = this.#run.workflow;
    if (this.#end === undefined && ++this.#calls > callsMax) this.#stop({ kind: 'failed', reason: `more than ${callsMax} calls` });
    return this.#end === undefined;
  }

  async #intend(key: string, attempt: number): Promise<boolean> {
    const isOurs = await this.#deps.store.intend(this.#run.id, key, attempt);
    if (!isOurs) {
      this.#isElsewhere = true;
      this.#stop({ kind: 'left' });
      return false;
    }
    this.#records.set(key, { key, status: 'started', attempts: attempt, result: undefined, reason: '', startedAtMs: this.#deps.clock.nowMs(), endedAtMs: undefined });
    return true;
  }

  async #ended(step: WorkflowStep, key: string, outcome: CallOutcome): Promise<void> {
    await this.#settle(key, outcome);
    if (outcome.kind === 'refused') this.#stop({ kind: 'failed', reason: `${key}: ${outcome.reason}` });
    if (outcome.kind === 'unknown') this.#unknown(step, key, outcome.reason);
    if (outcome.kind === 'waiting') this.#waits.set(key, outcome.reason);
  }

  #unknown(step: WorkflowStep, key: string, reason: string): void {
    const told = `${key}: ${reason}; whether it did its work is not known`;
    this.#stop(step.onUnknown === 'compensate' ? { kind: 'failed', reason: told } : { kind: 'waiting', reason: told });
  }

  #told(): string {
    return [...this.#waits].map(([key, reason]) => `${key}: ${reason}`).join('; ').slice(0, REASON_CHARS_MAX);
  }

  async #settle(key: string, outcome: CallOutcome | { readonly kind: 'skipped' }): Promise<void> {
    const status = { result: 'done', refused: 'failed', waiting: 'waiting', unknown: 'unknown', skipped: 'skipped' } as const;
    const result = outcome.kind === 'result' ? bounded(outcome.result) : undefined;
    const reason = 'reason' in outcome ? outcome.reason : '';
    const approval = outcome.kind === 'waiting' ? outcome.approval : undefined;
    const known = this.#records.get(key);
    await this.#deps.store.settle(this.#run.id, key, { status: status[outcome.kind], result, reason, approval });
    const nowMs = this.#deps.clock.nowMs();
    this.#records.set(key, { key, status: status[outcome.kind], attempts: known?.attempts ?? 0, result, reason, approval, startedAtMs: known?.startedAtMs ?? nowMs, endedAtMs: nowMs });
  }

  /** What was done, or may have been, is undone in reverse, each at most once. */
  async #undo(reason: string): Promise<RunStatus> {
    this.#waits.clear();
    for (const { key, status } of [...this.#records.values()]) if (status === 'waiting' && !key.endsWith('~')) await this.#settle(key, { kind: 'skipped' });
    const undoable = [...this.#records.values()].filter(({ key, status }) => !key.endsWith('~') && (status === 'done' || status === 'unknown' || status === 'started') && this.#stepOf(key)?.compensate !== undefined);
    const problems: string[] = [];
    for (const record of undoable.toReversed().toSorted((a, b) => (b.endedAtMs ?? Infinity) - (a.endedAtMs ?? Infinity))) {
      if (this.#deps.stopping.aborted) return 'running';
      const problem = await this.#undoOne(record);
      if (this.#isElsewhere) return 'running';
      if (problem !== undefined) problems.push(problem);
    }
    if (this.#waits.size > 0) return this.#finish('waiting', reason + WAITS_FOR + this.#told());
    if (problems.length > 0) return this.#finish('waiting', `${reason}; not undone: ${problems.join('; ')}`);
    return this.#finish(undoable.length > 0 ? 'compensated' : 'failed', reason);
  }

  /** Undefined where it is undone. */
  async #undoOne(record: StepRecord): Promise<string | undefined> {
    const key = `${record.key}~`;
    const known = this.#records.get(key);
    const compensate = this.#stepOf(record.key)?.compensate;
    if (compensate === undefined || known?.status === 'done') return undefined;
    if (known !== undefined && known.status !== 'waiting') return `${record.key} (${known.status === 'failed' ? known.reason : 'it may be'})`;
    if (!(await this.#intend(key, (known?.attempts ?? 0) + 1))) return undefined;
    const scope = { ...this.#scope(), ...this.#itemOf(record.key), result: record.result ?? null };
    const outcome = await this.#deps.call({ tool: compensate.tool, args: filled(compensate.arguments, scope) as JsonObject, idempotencyKey: `${this.#run.id}/${key}`, signal: this.#deps.stopping });
    await this.#settle(key, outcome);
    if (outcome.kind === 'waiting') this.#waits.set(key, outcome.reason);
    return outcome.kind === 'result' || outcome.kind === 'waiting' ? undefined : `${record.key} (${outcome.reason})`;
  }

  #stepOf(key: string): WorkflowStep | undefined {
    const id = key.replace(/(?:\[\d+\])?~?$/, '');
    return this.#run.workflow.steps.find((step) => step.id === id);
  }

  #itemOf(key: string): JsonObject {
    const index = /\[(\d+)\]$/.exec(key)?.[1];
    const over = this.#stepOf(key)?.map?.over;
    const items = over === undefined ? undefined : at(this.#scope(), over);
    return index === undefined || !Array.isArray(items) ? {} : { item: items[Number(index)] as JsonValue, index: Number(index) };
  }

  #scope(): JsonObject {
    return { inputs: this.#run.inputs, steps: this.#results(), run: { id: this.#run.id } };
  }

  #results(): JsonObject {
    return Object.fromEntries(
      this.#run.workflow.steps.map(({ id, map }) => {
        if (map === undefined) return [id, { status: this.#records.get(id)?.status ?? 'open', result: this.#records.get(id)?.result ?? null }];
        const items: JsonValue[] = [];
        for (let index = 0, record = this.#records.get(`${id}[0]`); record !== undefined; record = this.#records.get(`${id}[${++index}]`)) items.push(record.result ?? null);
        return [id, { status: 'done', result: items }];
      }),
    );
  }

  #output(): JsonValue {
    const { output } = this.#run.workflow;
    return output === undefined ? this.#results() : filled(output, this.#scope());
  }
}

/** A result that is too large to keep is told as such; the step's effect stands. */
function bounded(result: JsonValue): JsonValue {
  const { length } = JSON.stringify(result) ?? '';
  return length <= RESULT_CHARS_MAX ? result : { cut: `a result of ${length} characters is not kept` };
}
