import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { type RunStatus, type StepRecord, type Workflow, type WorkflowRun, WorkflowSchema } from '../model/workflow.ts';
import type { JsonValue } from '../protocol/messages.ts';
import { runWorkflow } from './run-workflow.ts';
import type { CallOutcome, StepCall, WorkflowStore } from './workflow-store.ts';

const clock: Clock = {
  nowMs: () => 1_000,
  monotonicMs: () => 1_000,
  after: (delayMs, run) => {
    // Deadlines never come; pauses between attempts are over at once.
    if (delayMs < 100_000) setImmediate(run);
    return () => undefined;
  },
};

/** Storage that survives, and a target that counts what was done to it by key. */
class World {
  readonly records = new Map<string, StepRecord>();
  readonly effects = new Map<string, number>();
  readonly calls: StepCall[] = [];
  status: RunStatus = 'running';
  reason = '';
  output: JsonValue | undefined;
  /** After so many operations the process is dead: nothing of it happens any more. */
  operationsLeft = Infinity;
  #ends = 0;
  /** Targets that know the key do their work once. */
  knowsKeys = false;
  answer: (call: StepCall) => CallOutcome = ({ tool, args }) => ({ kind: 'result', result: { tool, given: args['value'] ?? null } });

  async #live(): Promise<void> {
    if (this.operationsLeft-- > 0) return;
    await new Promise(() => undefined);
  }

  readonly store: WorkflowStore = {
    steps: async () => [...this.records.values()],
    intend: async (_run, key, attempt) => {
      await this.#live();
      const known = this.records.get(key);
      if ((known?.attempts ?? 0) !== attempt - 1) return false;
      this.records.set(key, { key, status: 'started', attempts: attempt, result: undefined, reason: '', startedAtMs: 0, endedAtMs: undefined });
      return true;
    },
    settle: async (_run, key, { status, result, reason = '', approval }) => {
      await this.#live();
      this.records.set(key, { key, status, attempts: this.records.get(key)?.attempts ?? 0, result, reason, approval, startedAtMs: 0, endedAtMs: ++this.#ends });
    },
    end: async (_run, status, { reason, output }) => {
      await this.#live();
      Object.assign(this, { status, reason, output });
    },
  };

  readonly call = async (call: StepCall): Promise<CallOutcome> => {
    await this.#live();
    this.calls.push(call);
    const outcome = this.answer(call);
    const count = this.effects.get(call.idempotencyKey) ?? 0;
    if (outcome.kind === 'result' && !(this.knowsKeys && count > 0)) this.effects.set(call.idempotencyKey, count + 1);
    // The effect is there; whether its answer comes back is another matter.
    await this.#live();
    return outcome;
  };

  /** Runs until it ends or the process is dead; then what is left is what a new process finds. */
  async run(workflow: Workflow, inputs: Record<string, JsonValue> = {}): Promise<RunStatus | 'dead'> {
    const run: WorkflowRun = { id: 'run_1', workflow, principal: { kind: 'key', id: 'k', credentialId: 'c', name: 'n' }, inputs, status: 'running', reason: this.reason, output: undefined, startedAtMs: 1_000, resumedAtMs: 1_000, endedAtMs: undefined };
    const dead = (async () => {
      for (let quiet = 0, last = -1; quiet < 3; quiet = this.operationsLeft === last ? quiet + 1 : 0) {
        last = this.operationsLeft;
        await new Promise((resolve) => setTimeout(resolve, this.operationsLeft > 0 ? 5 : 1));
        if (this.operationsLeft > 0) quiet = 0;
      }
      return 'dead' as const;
    })();
    const done = runWorkflow(run, { clock, store: this.store, call: this.call, stopping: new AbortController().signal });
    return Number.isFinite(this.operationsLeft) ? Promise.race([done, dead]) : done;
  }
}

function tenSteps(isIdempotent: boolean, compensates = false): Workflow {
  const step = (id: string, extra: object = {}) => ({ id, tool: id, arguments: {}, idempotent: isIdempotent, ...(compensates ? { compensate: { tool: `undo_${id}`, arguments: { value: { $from: '$.item' } } }, onUnknown: 'compensate' } : {}), ...extra });
  return WorkflowSchema.parse({
    name: 'ten',
    endpoint: 'default',
    steps: [
      step('a'),
      step('b', { needs: ['a'] }),
      step('c', { needs: ['a'] }),
      step('d', { arguments: { value: { $from: '$.steps.b.result.tool' } } }),
      step('fan', { needs: ['c', 'd'], map: { over: '$.inputs.items', concurrency: 7 }, arguments: { value: { $from: '$.item' } } }),
      step('e', { arguments: { value: { $from: '$.steps.fan.result[49].given' } } }),
      step('f', { needs: ['e'] }),
      step('g', { needs: ['f'], when: { path: '$.steps.e.result.given', equals: 49 } }),
      step('h', { needs: ['g'], when: { path: '$.inputs.absent' } }),
      step('i', { needs: ['h'] }),
    ],
    output: { last: { $from: '$.steps.i.result.tool' }, fan: { $from: '$.steps.fan.result[3].given' } },
  });
}

const inputs = { items: Array.from({ length: 50 }, (_, at) => at) };
/** Calls of the ten steps: eight single ones and fifty of the fan-out; h is left out. */
const CALLS = 58;

test('ten steps with a fan-out of fifty run in the order of their needs, each once', async () => {
  const world = new World();
  expect(await world.run(tenSteps(false), inputs)).toBe('done');
  expect(world.output).toEqual({ last: 'i', fan: 3 });
  expect(world.effects.size).toBe(CALLS);
  expect([...world.effects.values()].every((count) => count === 1)).toBe(true);
  expect(world.records.get('h')?.status).toBe('skipped');
});

test('killed at every boundary in turn, a run of idempotent steps ends complete, each effect once', async () => {
  const operations = CALLS * 4 + 2;
  for (let boundary = 0; boundary < operations; boundary += 1) {
    const world = new World();
    world.knowsKeys = true;
    world.operationsLeft = boundary;
    expect(await world.run(tenSteps(true), inputs)).toBe('dead');
    world.operationsLeft = Infinity;
    expect(await world.run(tenSteps(true), inputs)).toBe('done');
    expect(world.effects.size).toBe(CALLS);
    expect([...world.effects.values()].every((count) => count === 1)).toBe(true);
  }
}, 60_000);

test('killed at every boundary in turn, a step that is not idempotent is never sent twice: it is done, or a person decides', async () => {
  const outcomes = new Set<string>();
  for (let boundary = 0; boundary < CALLS * 4 + 2; boundary += 1) {
    const world = new World();
    world.operationsLeft = boundary;
    await world.run(tenSteps(false), inputs);
    world.operationsLeft = Infinity;
    let status = await world.run(tenSteps(false), inputs);
    while (status === 'waiting') {
      // The person looks at the target, and says what is there.
      for (const record of [...world.records.values()].filter((one) => one.status === 'started' || one.status === 'unknown')) {
        if (world.effects.has(`run_1/${record.key}`)) world.records.set(record.key, { ...record, status: 'done', result: { tool: record.key, given: record.key.startsWith('fan') ? Number(/\d+/.exec(record.key)?.[0]) : record.key === 'e' ? 49 : null } });
        else world.records.delete(record.key);
      }
      status = await world.run(tenSteps(false), inputs);
      outcomes.add('asked');
    }
    expect(status).toBe('done');
    expect(world.effects.size).toBe(CALLS);
    expect([...world.effects.values()].every((count) => count === 1)).toBe(true);
    outcomes.add(status);
  }
  expect([...outcomes].toSorted()).toEqual(['asked', 'done']);
}, 60_000);

test('killed at every boundary in turn, what may have happened is undone once where the steps say so', async () => {
  for (let boundary = 0; boundary < CALLS * 4 + 2; boundary += 1) {
    const world = new World();
    world.operationsLeft = boundary;
    await world.run(tenSteps(false, true), inputs);
    world.operationsLeft = Infinity;
    const status = await world.run(tenSteps(false, true), inputs);
    expect(['done', 'compensated']).toContain(status);
    expect([...world.effects.values()].every((count) => count === 1)).toBe(true);
    if (status === 'done') continue;
    const done = [...world.effects.keys()].filter((key) => !key.endsWith('~'));
    for (const key of done) expect(world.effects.get(`${key}~`)).toBe(1);
  }
}, 60_000);

test('killed at every boundary of its undoing in turn, a run undoes nothing twice, and names what it cannot know', async () => {
  const fails = ({ tool }: StepCall): CallOutcome => (tool === 'i' ? { kind: 'refused', reason: 'no', isRetryable: false } : { kind: 'result', result: { tool, given: tool === 'e' ? 49 : null } });
  const whole = new World();
  whole.answer = fails;
  whole.operationsLeft = 10_000;
  expect(await whole.run(tenSteps(false, true), inputs)).toBe('compensated');
  const operations = 10_000 - whole.operationsLeft;
  const seen = new Set<string>();
  for (let boundary = CALLS * 4 - 2; boundary < operations; boundary += 1) {
    const world = new World();
    world.answer = fails;
    world.operationsLeft = boundary;
    expect(await world.run(tenSteps(false, true), inputs)).toBe('dead');
    world.operationsLeft = Infinity;
    const status = await world.run(tenSteps(false, true), inputs);
    seen.add(status);
    expect([...world.effects.values()].every((count) => count === 1)).toBe(true);
    const unsure = [...world.records.values()].filter((record) => record.key.endsWith('~') && record.status === 'started').map(({ key }) => key.slice(0, -1));
    expect(unsure.length).toBeLessThanOrEqual(1);
    expect(status).toBe(unsure.length === 0 ? 'compensated' : 'waiting');
    for (const key of unsure) expect(world.reason).toContain(`${key} (it may be)`);
    for (const key of [...world.effects.keys()].filter((one) => !one.endsWith('~') && !unsure.includes(one.split('/')[1] ?? ''))) expect(world.effects.get(`${key}~`)).toBe(1);
  }
  expect([...seen].toSorted()).toEqual(['compensated', 'waiting']);
}, 120_000);

test('what a person must approve is not sent; what does not need it goes on, and it is sent once they approved', async () => {
  const world = new World();
  let isApproved = false;
  world.answer = ({ tool }) => (tool === 'b' && !isApproved ? { kind: 'waiting', reason: 'ask', approval: 'apr_1' } : { kind: 'result', result: { tool, given: tool === 'e' ? 49 : null } });
  expect(await world.run(tenSteps(false), { items: [1] })).toBe('waiting');
  expect(world.reason).toBe('b: ask');
  expect(world.records.get('b')).toMatchObject({ status: 'waiting', approval: 'apr_1' });
  expect([...world.effects.keys()]).toEqual(['run_1/a', 'run_1/c']);
  isApproved = true;
  expect(await world.run(tenSteps(false), { items: [1] })).toBe('done');
  expect([...world.effects.values()].every((count) => count === 1)).toBe(true);
});

test('an undoing that a person must approve waits, with why the run failed, and ends when they did', async () => {
  const world = new World();
  let isApproved = false;
  world.answer = ({ tool }) => (tool === 'i' ? { kind: 'refused', reason: 'no', isRetryable: false } : tool === 'undo_d' && !isApproved ? { kind: 'waiting', reason: 'ask', approval: 'apr_1' } : { kind: 'result', result: { tool, given: tool === 'e' ? 49 : null } });
  expect(await world.run(tenSteps(false, true), { items: [1] })).toBe('waiting');
  expect(world.reason).toBe('i: no; waits for approval of d~: ask');
  expect(await world.run(tenSteps(false, true), { items: [1] })).toBe('waiting');
  expect(world.reason).toBe('i: no; waits for approval of d~: ask');
  isApproved = true;
  expect(await world.run(tenSteps(false, true), { items: [1] })).toBe('compensated');
  expect(world.reason).toBe('i: no');
  expect(world.effects.get('run_1/d~')).toBe(1);
});

test('a step that fails undoes what was done before it, last first', async () => {
  const world = new World();
  world.answer = ({ tool }) => (tool === 'f' ? { kind: 'refused', reason: 'no money', isRetryable: false } : { kind: 'result', result: { tool, given: tool === 'e' ? 49 : null } });
  expect(await world.run(tenSteps(false, true), { items: [1, 2] })).toBe('compensated');
  expect(world.reason).toBe('f: no money');
  expect(world.calls.map(({ tool }) => tool).filter((tool) => tool.startsWith('undo'))).toEqual(['undo_e', 'undo_fan', 'undo_fan', 'undo_d', 'undo_c', 'undo_b', 'undo_a']);
});

test('only idempotent steps are tried again, with the same key', async () => {
  const world = new World();
  let failures = 2;
  world.answer = () => (failures-- > 0 ? { kind: 'unknown', reason: 'no answer' } : { kind: 'result', result: 1 });
  const workflow = WorkflowSchema.parse({ name: 'r', endpoint: 'd', steps: [{ id: 'a', tool: 't', idempotent: true, retries: 3, retryDelayMs: 1 }] });
  expect(await world.run(workflow)).toBe('done');
  expect(world.calls.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['run_1/a', 'run_1/a', 'run_1/a']);
  expect(WorkflowSchema.safeParse({ name: 'r', endpoint: 'd', steps: [{ id: 'a', tool: 't', retries: 3 }] }).success).toBe(false);
});

test('a run that makes more calls than it may ends', async () => {
  const world = new World();
  const workflow = WorkflowSchema.parse({ name: 'r', endpoint: 'd', callsMax: 3, steps: [{ id: 'a', tool: 't', map: { over: '$.inputs.items', concurrency: 1 } }] });
  expect(await world.run(workflow, { items: [1, 2, 3, 4, 5] })).toBe('failed');
  expect(world.calls).toHaveLength(3);
});

test('another process that has the run is left alone', async () => {
  const world = new World();
  const intend = world.store.intend.bind(world.store);
  const store: WorkflowStore = { ...world.store, intend: async (run, key, attempt) => (key === 'b' ? false : intend(run, key, attempt)) };
  const run: WorkflowRun = { id: 'run_1', workflow: tenSteps(false), principal: { kind: 'key', id: 'k', credentialId: 'c', name: 'n' }, inputs, status: 'running', reason: '', output: undefined, startedAtMs: 1_000, resumedAtMs: 1_000, endedAtMs: undefined };
  expect(await runWorkflow(run, { clock, store, call: world.call, stopping: new AbortController().signal })).toBe('running');
  expect(world.status).toBe('running');
});

test('a graph with a circle, a missing step or an id twice is refused', () => {
  const parse = (steps: object[]) => WorkflowSchema.safeParse({ name: 'r', endpoint: 'd', steps });
  expect(parse([{ id: 'a', tool: 't', needs: ['b'] }, { id: 'b', tool: 't', arguments: { x: { $from: '$.steps.a.result' } } }]).error?.issues[0]?.message).toContain('circle');
  expect(parse([{ id: 'a', tool: 't', needs: ['z'] }]).error?.issues[0]?.message).toContain('expected a step z');
  expect(parse([{ id: 'a', tool: 't' }, { id: 'a', tool: 't' }]).error?.issues[0]?.message).toContain('each id once');
});
