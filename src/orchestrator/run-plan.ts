/**
 * Runs the plan of a task by the workflow engine. Its servers end with this process, so what is recorded of the run is
 * kept no longer than the run.
 */
import type { Clock } from '../base/clock.ts';
import { type RunStatus, type StepRecord, type WorkflowRun, WorkflowSchema } from '../model/workflow.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { runWorkflow } from '../workflows/run-workflow.ts';
import type { CallOutcome, WorkflowStore } from '../workflows/workflow-store.ts';
import { valueOf } from './task-plan.ts';

export interface PlanCall {
  readonly serverId: string;
  readonly tool: string;
  readonly args: JsonObject;
}

export interface PlanDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Principal whose servers they are. */
  readonly principal: string;
  /** Rejects where there is no result. */
  readonly call: (call: PlanCall) => Promise<JsonObject>;
}

export interface PlanOutcome {
  readonly status: RunStatus;
  readonly reason: string;
  /** By the id of the step. */
  readonly results: JsonObject;
}

/**
 * The steps that have inputs, in their order. Inputs may take from steps before them: `{"$from": "$.steps.step_1.result"}`.
 * Throws a zod error for inputs that refer to no step.
 */
export async function runPlan(plan: JsonObject, inputs: JsonObject, deps: PlanDeps): Promise<PlanOutcome> {
  const steps = (Array.isArray(plan['steps']) ? (plan['steps'] as readonly JsonValue[]) : []).filter(isObject).filter(({ id }) => isObject(inputs[String(id)]));
  if (steps.length === 0) return { status: 'done', reason: '', results: {} };
  const workflow = WorkflowSchema.parse({
    name: 'task',
    endpoint: 'orchestrator',
    steps: steps.map((step, at) => ({ id: step['id'], tool: step['tool'], needs: at === 0 ? [] : [steps[at - 1]?.['id']], arguments: { ...(isObject(step['arguments']) ? step['arguments'] : {}), arguments: inputs[String(step['id'])] } })),
  });
  const nowMs = deps.clock.nowMs();
  const run: WorkflowRun = { id: 'task', workflow, principal: { kind: 'user', id: deps.principal, credentialId: '', name: '' }, inputs, status: 'running', reason: '', output: undefined, startedAtMs: nowMs, resumedAtMs: nowMs, endedAtMs: undefined };
  const records = new Map<string, StepRecord>();
  const told = { reason: '' };
  const status = await runWorkflow(run, { clock: deps.clock, store: inMemory(records, told), stopping: deps.signal, call: ({ args }) => callOne(args, deps) });
  return { status, reason: told.reason, results: Object.fromEntries([...records.values()].flatMap(({ key, status: became, result }) => (became === 'done' ? [[key, result ?? null]] : []))) };
}

async function callOne(args: Readonly<Record<string, JsonValue | undefined>>, { call }: PlanDeps): Promise<CallOutcome> {
  const { server_id: serverId, tool_name: tool, arguments: given } = args;
  try {
    const result = await call({ serverId: String(serverId), tool: String(tool), args: isObject(given) ? given : {} });
    const value = valueOf(result);
    return result['isError'] === true ? { kind: 'refused', reason: String(value), isRetryable: false } : { kind: 'result', result: value };
  } catch (thrown) {
    return { kind: 'refused', reason: thrown instanceof Error ? thrown.message : String(thrown), isRetryable: false };
  }
}

function inMemory(records: Map<string, StepRecord>, told: { reason: string }): WorkflowStore {
  const started: StepRecord = { key: '', status: 'started', attempts: 1, result: undefined, reason: '', startedAtMs: 0, endedAtMs: undefined };
  return {
    steps: async () => [],
    intend: async (_run, key, attempts) => {
      records.set(key, { ...started, key, attempts });
      return true;
    },
    settle: async (_run, key, { status, result, reason = '' }) => void records.set(key, { ...(records.get(key) ?? started), key, status, result, reason }),
    end: async (_run, _status, { reason }) => {
      told.reason = reason;
    },
  };
}
