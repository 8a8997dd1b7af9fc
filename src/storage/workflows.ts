/** Workflows and their runs. A step's intent is a row that can be made once for each attempt, whoever tries. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Principal } from '../model/principal.ts';
import { RUN_STATUSES, type RunStatus, STEP_STATUSES, type StepRecord, type StepStatus, type Workflow, type WorkflowRun, WorkflowSchema } from '../model/workflow.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, WorkflowRunTable, WorkflowStepTable, WorkflowTable } from './schema.ts';
import { isUniqueViolation } from './transaction.ts';

type JsonObject = WorkflowRun['inputs'];
type JsonValue = NonNullable<StepRecord['result']> | null;

export interface StoredWorkflow {
  readonly workflow: Workflow;
  readonly version: number;
  /** Id of the principal whose it is; undefined: everybody's. */
  readonly owner: string | undefined;
  readonly updatedAtMs: number;
}

const anyJson = z.json() as unknown as z.ZodType<JsonValue>;
const anyObject = z.record(z.string(), anyJson) as unknown as z.ZodType<JsonObject>;
const PrincipalSchema = z.looseObject({ kind: z.enum(['anonymous', 'key', 'user', 'operator']), id: z.string(), credentialId: z.string(), name: z.string() }) as unknown as z.ZodType<Principal>;

export async function listWorkflows(db: Db): Promise<StoredWorkflow[]> {
  return (await db.selectFrom('workflow').selectAll().orderBy('name').execute()).map(toStored);
}

export async function findWorkflow(db: Db, name: string): Promise<StoredWorkflow | undefined> {
  const row = await db.selectFrom('workflow').selectAll().where('name', '=', name).executeTakeFirst();
  return row && toStored(row);
}

/** A new one, or the next version of one that is there. */
export async function putWorkflow(db: Db, workflow: Workflow, facts: { readonly owner: string | undefined; readonly atMs: number }): Promise<StoredWorkflow> {
  const known = await findWorkflow(db, workflow.name);
  const row = { name: workflow.name, version: (known?.version ?? 0) + 1, owner: facts.owner ?? null, definition: toJson(workflow), updated_at_ms: facts.atMs };
  await db.deleteFrom('workflow').where('name', '=', workflow.name).execute();
  await db.insertInto('workflow').values(row).execute();
  return toStored(row);
}

export async function deleteWorkflow(db: Db, name: string): Promise<void> {
  await db.deleteFrom('workflow').where('name', '=', name).execute();
}

export async function insertRun(db: Db, run: WorkflowRun): Promise<void> {
  await db
    .insertInto('workflow_run')
    .values({ id: run.id, workflow: run.workflow.name, definition: toJson(run.workflow), principal: toJson(run.principal), principal_id: run.principal.id, inputs: toJson(run.inputs), status: run.status, reason: run.reason, output: null, started_at_ms: run.startedAtMs, ended_at_ms: null })
    .execute();
}

export async function findRun(db: Db, id: string): Promise<WorkflowRun | undefined> {
  const row = await db.selectFrom('workflow_run').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toRun(row);
}

export interface RunQuery {
  readonly limit: number;
  readonly status?: RunStatus | undefined;
  readonly workflow?: string | undefined;
  readonly principal?: string | undefined;
  readonly beforeId?: string | undefined;
}

/** Newest first. */
export async function listRuns(db: Db, { limit, status, workflow, principal, beforeId }: RunQuery): Promise<WorkflowRun[]> {
  let select = db.selectFrom('workflow_run').selectAll().orderBy('id', 'desc').limit(limit);
  if (status !== undefined) select = select.where('status', '=', status);
  if (workflow !== undefined) select = select.where('workflow', '=', workflow);
  if (principal !== undefined) select = select.where('principal_id', '=', principal);
  if (beforeId !== undefined) select = select.where('id', '<', beforeId);
  return (await select.execute()).map(toRun);
}

export async function setRunStatus(db: Db, id: string, status: RunStatus, told: { readonly reason: string; readonly output?: JsonValue | undefined; readonly endedAtMs: number | undefined }): Promise<void> {
  await db
    .updateTable('workflow_run')
    .set({ status, reason: told.reason, output: told.output === undefined ? null : toJson(told.output), ended_at_ms: told.endedAtMs ?? null })
    .where('id', '=', id)
    .execute();
}

export async function listSteps(db: Db, run: string): Promise<StepRecord[]> {
  return (await db.selectFrom('workflow_step').selectAll().where('run', '=', run).orderBy('started_at_ms').orderBy('key').execute()).map(toStep);
}

/** False where this attempt, or a later one, was noted by somebody else. */
export async function intendStep(db: Db, step: { readonly run: string; readonly key: string; readonly attempt: number; readonly atMs: number }): Promise<boolean> {
  const { run, key, attempt, atMs } = step;
  if (attempt > 1) {
    const { numUpdatedRows } = await db
      .updateTable('workflow_step')
      .set({ attempts: attempt, status: 'started' })
      .where('run', '=', run)
      .where('key', '=', key)
      .where('attempts', '=', attempt - 1)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }
  try {
    await db.insertInto('workflow_step').values({ run, key, status: 'started', attempts: 1, result: null, reason: '', started_at_ms: atMs, ended_at_ms: null }).execute();
    return true;
  } catch (thrown) {
    if (isUniqueViolation(thrown)) return false;
    throw thrown;
  }
}

export async function settleStep(db: Db, step: { readonly run: string; readonly key: string; readonly status: StepStatus; readonly result: JsonValue | undefined; readonly reason: string; readonly atMs: number }): Promise<void> {
  const { run, key, status, result, reason, atMs } = step;
  const ended = { status, reason, result: result === undefined ? null : toJson(result), ended_at_ms: atMs };
  const { numUpdatedRows } = await db.updateTable('workflow_step').set(ended).where('run', '=', run).where('key', '=', key).executeTakeFirst();
  if (numUpdatedRows === 0n) await db.insertInto('workflow_step').values({ run, key, attempts: 0, started_at_ms: atMs, ...ended }).execute();
}

/** The step is as if it had never been sent. */
export async function forgetStep(db: Db, run: string, key: string): Promise<void> {
  await db.deleteFrom('workflow_step').where('run', '=', run).where('key', '=', key).execute();
}

function toStored(row: Selectable<WorkflowTable>): StoredWorkflow {
  return { workflow: fromJson(WorkflowSchema, row.definition), version: row.version, owner: row.owner ?? undefined, updatedAtMs: Number(row.updated_at_ms) };
}

function toRun(row: Selectable<WorkflowRunTable>): WorkflowRun {
  return {
    id: row.id,
    workflow: fromJson(WorkflowSchema, row.definition),
    principal: fromJson(PrincipalSchema, row.principal),
    inputs: fromJson(anyObject, row.inputs),
    status: z.enum(RUN_STATUSES).parse(row.status),
    reason: row.reason,
    output: row.output === null ? undefined : fromJson(anyJson, row.output),
    startedAtMs: Number(row.started_at_ms),
    endedAtMs: row.ended_at_ms === null ? undefined : Number(row.ended_at_ms),
  };
}

function toStep(row: Selectable<WorkflowStepTable>): StepRecord {
  return { key: row.key, status: z.enum(STEP_STATUSES).parse(row.status), attempts: row.attempts, result: row.result === null ? undefined : fromJson(anyJson, row.result), reason: row.reason, startedAtMs: Number(row.started_at_ms), endedAtMs: row.ended_at_ms === null ? undefined : Number(row.ended_at_ms) };
}
