/**
 * A workflow: a directed graph of tool calls at one endpoint. What a step needs follows from what its arguments refer to
 * (`{"$from": "$.steps.fetch.result.items"}`) and from `needs`. Every step is one call with one side effect, sent at most
 * once, unless the step says that it is idempotent.
 */
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import type { Principal } from './principal.ts';

export const WORKFLOW_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
/** As the rule for names of that section of the configuration. */
export const WORKFLOW_NAMES = { pattern: WORKFLOW_NAME, expected: 'expected a workflow name: lower-case letters, digits, "-" and "_", first a letter, at most 64 characters' };
const STEP_ID = /^[a-z][a-z0-9_]{0,63}$/;
/** `$.inputs.a`, `$.steps.b.result.items[0].name`, `$.item`, `$.index`. */
export const PATH = /^\$(?:\.[A-Za-z_][A-Za-z0-9_-]{0,99}|\[\d{1,6}\]){1,20}$/;
const HOUR_MS = 3_600_000;

const json: z.ZodType<JsonValue> = z.json() as unknown as z.ZodType<JsonValue>;
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json) as unknown as z.ZodType<JsonObject>;
const path = z.string().regex(PATH, 'expected a path such as $.steps.fetch.result.items[0]');

const ConditionSchema = z.strictObject({
  path,
  /** One of these; none: the value is there, and neither null, false, 0 nor empty. */
  equals: json.optional(),
  notEquals: json.optional(),
  greater: z.number().optional(),
  less: z.number().optional(),
});
export type Condition = z.infer<typeof ConditionSchema>;

const CallSchema = { tool: z.string().min(1).max(200), arguments: jsonObject.default({}) };

const StepSchema = z
  .strictObject({
    id: z.string().regex(STEP_ID),
    /** As the endpoint exposes it. */
    ...CallSchema,
    needs: z.array(z.string().regex(STEP_ID)).max(100).default([]),
    /** The step is left out where it does not hold. */
    when: ConditionSchema.optional(),
    /** Once for each member of a list, as `$.item` and `$.index`. */
    map: z.strictObject({ over: path, concurrency: z.int().min(1).max(50).default(5) }).optional(),
    /** Calling it twice does what calling it once does: it may be sent again. */
    idempotent: z.boolean().default(false),
    retries: z.int().min(0).max(10).default(0),
    retryDelayMs: z.int().min(0).max(600_000).default(1_000),
    /** Undoes it when a later step fails. */
    compensate: z.strictObject(CallSchema).optional(),
    /** Whether it happened is not known: a person decides, or it is undone with the rest. */
    onUnknown: z.enum(['stop', 'compensate']).default('stop'),
  })
  .refine((step) => step.retries === 0 || step.idempotent, { message: 'expected idempotent: true, since only such a step may be sent again', path: ['retries'] })
  .refine((step) => step.onUnknown === 'stop' || step.compensate !== undefined, { message: 'expected compensate, which undoes it', path: ['onUnknown'] });
export type WorkflowStep = z.infer<typeof StepSchema>;

const WORKFLOW_FIELDS = {
  description: z.string().max(2_000).default(''),
  /** At which its steps are called, as the principal who started the run. */
  endpoint: z.string().min(1).max(200).describe('At which its steps are called, as whoever started the run.'),
  /** JSON Schema of its inputs, of type object. */
  inputs: jsonObject.default({ type: 'object' }).describe('JSON Schema of its inputs, of type object.'),
  steps: z.array(StepSchema).min(1).max(100),
  /** What the run gives; undefined: the results of all steps. */
  output: json.optional().describe('What a run gives; without it, the results of all steps.'),
  deadlineMs: z.int().min(1_000).max(24 * HOUR_MS).default(600_000),
  /** Calls in all, retries and compensation too. */
  callsMax: z.int().min(1).max(100_000).default(1_000),
};

function checkGraph({ steps }: { readonly steps: readonly WorkflowStep[] }, context: z.core.$RefinementCtx): void {
  for (const { path: place, message } of graphProblems(steps)) context.addIssue({ code: 'custom', path: [...place], message });
}

/** As it stands in the configuration, under its name. */
export const WorkflowConfigSchema = z.strictObject(WORKFLOW_FIELDS).superRefine(checkGraph);

export const WorkflowSchema = z.strictObject({ name: z.string().regex(WORKFLOW_NAME), ...WORKFLOW_FIELDS }).superRefine(checkGraph);
export type Workflow = z.infer<typeof WorkflowSchema>;

export const RUN_STATUSES = ['running', 'waiting', 'done', 'failed', 'compensated', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
/** `waiting`: not sent, since a person must approve it first. */
export const STEP_STATUSES = ['started', 'waiting', 'done', 'failed', 'unknown', 'skipped'] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export interface WorkflowRun {
  readonly id: string;
  readonly workflow: Workflow;
  readonly principal: Principal;
  readonly inputs: JsonObject;
  readonly status: RunStatus;
  readonly reason: string;
  readonly output: JsonValue | undefined;
  readonly startedAtMs: number;
  /** When its deadline began: at its start, or when it went on after a person decided. */
  readonly resumedAtMs: number;
  readonly endedAtMs: number | undefined;
}

/** What became of one call. `started` without an end: it was sent, or was about to be. */
export interface StepRecord {
  /** `charge`, `notify[3]`, and with a tilde what undoes it: `charge~`. */
  readonly key: string;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly result: JsonValue | undefined;
  readonly reason: string;
  /** Id of the approval that it waits for. */
  readonly approval?: string | undefined;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
}

/** Ids of steps that must end before this one: what it names, and what its expressions refer to. */
export function needsOf(step: WorkflowStep): ReadonlySet<string> {
  const text = JSON.stringify([step.arguments, step.when ?? null, step.map ?? null]);
  return new Set([...step.needs, ...[...text.matchAll(/"\$\.steps\.([a-z][a-z0-9_]*)/g)].map(([, id = '']) => id)]);
}

interface GraphProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function graphProblems(steps: readonly WorkflowStep[]): GraphProblem[] {
  const ids = new Set(steps.map(({ id }) => id));
  const problems: GraphProblem[] = [];
  if (ids.size < steps.length) problems.push({ path: ['steps'], message: 'expected each id once' });
  steps.forEach((step, at) => {
    for (const need of needsOf(step)) if (!ids.has(need)) problems.push({ path: ['steps', at], message: `expected a step ${need}, which this one needs` });
  });
  const open = new Map(steps.map((step) => [step.id, needsOf(step)]));
  for (let hasFound = true; hasFound; ) {
    const ready = [...open].filter(([, needs]) => ![...needs].some((need) => open.has(need)));
    for (const [id] of ready) open.delete(id);
    hasFound = ready.length > 0;
  }
  if (open.size > 0) problems.push({ path: ['steps'], message: `expected no circle: ${[...open.keys()].join(', ')} wait for each other` });
  return problems;
}
