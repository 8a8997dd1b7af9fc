/**
 * Runs of workflows. A step's intent is a row that can be made once for each attempt, whoever tries; a run is one
 * gateway's as long as its lease holds.
 */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Principal } from '../model/principal.ts';
import { RUN_STATUSES, type RunStatus, STEP_STATUSES, type StepRecord, type StepStatus, type WorkflowRun, WorkflowSchema } from '../model/workflow.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, WorkflowRunTable, WorkflowStepTable } from './schema.ts';
import { isUniqueViolation } from './transaction.ts';

type JsonObject = WorkflowRun['inputs'];
type JsonValue = NonNullable<StepRecord['result']> | null;

const anyJson = z.json() as unknown as z.ZodType<JsonValue>;
const anyObject = z.record(z.string(), anyJson) as unknown as z.ZodType<JsonObject>;
const PrincipalSchema = z.looseObject({ kind: z.enum(['anonymous', 'key', 'user', 'operator']), id: z.string(), credentialId: z.string(), name: z.string() }) as unknown as z.ZodType<Principal>;

/** Who has a run, and until when unless it is renewed. */
export interface Lease {
  readonly owner: string;
  readonly nowMs: number;
  readonly untilMs: number;
}

export async function insertRun(db: Db, run: WorkflowRun, { owner, untilMs }: Lease): Promise<void> {
  await db
    .insertInto('workflow_run')
    .values({ id: run.id, workflow: run.workflow.name, definition: toJson(run.workflow), principal: toJson(run.principal), principal_id: run.principal.id, inputs: toJson(run.inputs), status: run.status, reason: run.reason, output: null, started_at_ms: run.startedAtMs, ended_at_ms: null, resumed_at_ms: run.resumedAtMs, lease_owner: owner, lease_until_ms: untilMs })
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

/** True exactly once, whoever tries: the run is theirs then. Only in the status it was seen in, and from nobody whose lease holds. */
export async function takeRun(db: Db, id: string, { from, lease, resumedAtMs }: { readonly from: 'running' | 'waiting'; readonly lease: Lease; readonly resumedAtMs?: number }): Promise<boolean> {
  const { owner, nowMs, untilMs } = lease;
  const { numUpdatedRows } = await db
    .updateTable('workflow_run')
    .set({ status: 'running', lease_owner: owner, lease_until_ms: untilMs, ...(resumedAtMs === undefined ? {} : { resumed_at_ms: resumedAtMs }) })
    .where('id', '=', id)
    .where('status', '=', from)
    .where((where) => where.or([where('lease_owner', 'is', null), where('lease_owner', '=', owner), where('lease_until_ms', '<=', nowMs)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Ids of the runs that are still theirs, from now on until `untilMs`. */
export async function renewLeases(db: Db, { owner, untilMs }: Lease): Promise<ReadonlySet<string>> {
  const rows = await db.updateTable('workflow_run').set({ lease_until_ms: untilMs }).where('lease_owner', '=', owner).where('status', '=', 'running').returning('id').execute();
  return new Set(rows.map(({ id }) => id));
}

/** Others may go on with them at once. */
export async function giveUpLeases(db: Db, owner: string): Promise<void> {
  await db.updateTable('workflow_run').set({ lease_owner: null, lease_until_ms: null }).where('lease_owner', '=', owner).execute();
}

/** Runs under way that nobody has. */
export async function listLeftRuns(db: Db, { owner, nowMs }: Lease, limit: number): Promise<WorkflowRun[]> {
  const rows = await db
    .selectFrom('workflow_run')
    .selectAll()
    .where('status', '=', 'running')
    .where((where) => where.or([where('lease_owner', 'is', null), where('lease_owner', '=', owner), where('lease_until_ms', '<=', nowMs)]))
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toRun);
}

/** A step that waited, and what became of its approval. */
export interface DecidedStep {
  readonly run: string;
  readonly key: string;
  /** Nobody decided in time. */
  readonly isExpired: boolean;
}

/** Steps of waiting runs whose approval a person gave or refused, or whose time is over. */
export async function listDecidedSteps(db: Db, nowMs: number, limit: number): Promise<DecidedStep[]> {
  const rows = await db
    .selectFrom('workflow_step as step')
    .innerJoin('workflow_run as run', 'run.id', 'step.run')
    .innerJoin('approval', 'approval.id', 'step.approval')
    .select(['step.run', 'step.key', 'approval.state'])
    .where('run.status', '=', 'waiting')
    .where('step.status', '=', 'waiting')
    .where((where) => where.or([where('approval.state', '<>', 'pending'), where('approval.expires_at_ms', '<=', nowMs)]))
    .orderBy('step.run')
    .limit(limit)
    .execute();
  return rows.map(({ run, key, state }) => ({ run, key, isExpired: state === 'pending' || state === 'expired' }));
}

/** Nobody has a run that ended or waits. */
export async function setRunStatus(db: Db, id: string, status: RunStatus, told: { readonly reason: string; readonly output?: JsonValue | undefined; readonly endedAtMs: number | undefined }): Promise<void> {
  await db
    .updateTable('workflow_run')
    .set({ status, reason: told.reason, output: told.output === undefined ? null : toJson(told.output), ended_at_ms: told.endedAtMs ?? null, lease_owner: null, lease_until_ms: null })
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
    await db.insertInto('workflow_step').values({ run, key, status: 'started', attempts: 1, result: null, reason: '', approval: null, started_at_ms: atMs, ended_at_ms: null }).execute();
    return true;
  } catch (thrown) {
    if (isUniqueViolation(thrown)) return false;
    throw thrown;
  }
}

export async function settleStep(db: Db, step: { readonly run: string; readonly key: string; readonly status: StepStatus; readonly result: JsonValue | undefined; readonly reason: string; readonly approval?: string | undefined; readonly atMs: number }): Promise<void> {
  const { run, key, status, result, reason, approval, atMs } = step;
  const ended = { status, reason, approval: approval ?? null, result: result === undefined ? null : toJson(result), ended_at_ms: atMs };
  const { numUpdatedRows } = await db.updateTable('workflow_step').set(ended).where('run', '=', run).where('key', '=', key).executeTakeFirst();
  if (numUpdatedRows === 0n) await db.insertInto('workflow_step').values({ run, key, attempts: 0, started_at_ms: atMs, ...ended }).execute();
}

/** The step waits for nobody any more: it is sent when its run gets there. */
export async function clearApproval(db: Db, run: string, key: string): Promise<void> {
  await db.updateTable('workflow_step').set({ approval: null }).where('run', '=', run).where('key', '=', key).execute();
}

/** The step is as if it had never been sent. */
export async function forgetStep(db: Db, run: string, key: string): Promise<void> {
  await db.deleteFrom('workflow_step').where('run', '=', run).where('key', '=', key).execute();
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
    resumedAtMs: Number(row.resumed_at_ms ?? row.started_at_ms),
    endedAtMs: row.ended_at_ms === null ? undefined : Number(row.ended_at_ms),
  };
}

function toStep(row: Selectable<WorkflowStepTable>): StepRecord {
  return { key: row.key, status: z.enum(STEP_STATUSES).parse(row.status), attempts: row.attempts, result: row.result === null ? undefined : fromJson(anyJson, row.result), reason: row.reason, approval: row.approval ?? undefined, startedAtMs: Number(row.started_at_ms), endedAtMs: row.ended_at_ms === null ? undefined : Number(row.ended_at_ms) };
}
