/**
 * Approvals in the database. Each function is one statement and takes the connection or transaction it runs in as its
 * first argument. What must happen once is one conditional update, so that it also happens once between gateways.
 */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type Approval, APPROVAL_STATES, type ApprovalState } from '../model/approval.ts';
import type { ApprovalTable } from './governance-tables.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, Tx } from './schema.ts';

const TermsSchema = z.object({ users: z.array(z.string()), groups: z.array(z.string()), isSelfApprovalAllowed: z.boolean(), validMs: z.number() });
const ArgumentsSchema = z.record(z.string(), z.json());

/** False where one that counts for this binding is there already. */
export async function insertApproval(tx: Tx, approval: Approval, binding: string): Promise<boolean> {
  const row: Selectable<ApprovalTable> = {
    id: approval.id,
    state: approval.state,
    open_binding: binding,
    principal: approval.principal,
    principal_kind: approval.principalKind,
    principal_name: approval.principalName,
    credential: approval.credential,
    endpoint: approval.endpoint,
    namespace: approval.namespace,
    server: approval.server,
    method: approval.method,
    name: approval.name,
    arguments_digest: approval.argumentsDigest,
    arguments: toJson(approval.arguments),
    rule: approval.rule,
    reason: approval.reason ?? null,
    terms: toJson(approval.terms),
    requested_at_ms: approval.requestedAtMs,
    expires_at_ms: approval.expiresAtMs,
    decided_at_ms: null,
    decided_by: null,
    note: null,
    used_at_ms: null,
    changed_at_ms: approval.requestedAtMs,
  };
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('approval')
    .values(row)
    .onConflict((conflict) => conflict.column('open_binding').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** The one that counts for a binding, whatever its time. */
export async function findOpenApproval(db: Db, binding: string): Promise<Approval | undefined> {
  const row = await db.selectFrom('approval').selectAll().where('open_binding', '=', binding).executeTakeFirst();
  return row && fromRow(row);
}

export async function findApproval(db: Db, id: string): Promise<Approval | undefined> {
  const row = await db.selectFrom('approval').selectAll().where('id', '=', id).executeTakeFirst();
  return row && fromRow(row);
}

/** Those whose time is over no longer count. A denial stays what it was. Resolves with how many. */
export async function expireApprovals(tx: Tx, nowMs: number): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('approval')
    .set((where) => ({ open_binding: null, changed_at_ms: nowMs, state: where.case().when('state', '=', 'denied').then('denied').else('expired').end() }))
    .where('open_binding', 'is not', null)
    .where('expires_at_ms', '<=', nowMs)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export interface ApprovalVerdict {
  readonly state: 'approved' | 'denied';
  readonly by: string;
  readonly note: string | undefined;
  readonly nowMs: number;
  readonly expiresAtMs: number;
}

/** False where it is not pending, or no longer. */
export async function decideStoredApproval(tx: Tx, id: string, { state, by, note, nowMs, expiresAtMs }: ApprovalVerdict): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('approval')
    .set({ state, decided_by: by, decided_at_ms: nowMs, note: note ?? null, expires_at_ms: expiresAtMs, changed_at_ms: nowMs })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('expires_at_ms', '>', nowMs)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** True for exactly one of all who try. */
export async function consumeStoredApproval(tx: Tx, id: string, nowMs: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('approval')
    .set({ state: 'used', used_at_ms: nowMs, open_binding: null, changed_at_ms: nowMs })
    .where('id', '=', id)
    .where('state', '=', 'approved')
    .where('expires_at_ms', '>', nowMs)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export interface ApprovalQuery {
  readonly state?: ApprovalState | undefined;
  readonly limit: number;
  /** Id of the last one of the page before; newest first. */
  readonly beforeId?: string | undefined;
}

export async function listStoredApprovals(db: Db, { state, limit, beforeId }: ApprovalQuery): Promise<Approval[]> {
  let select = db.selectFrom('approval').selectAll().orderBy('id', 'desc').limit(limit);
  if (state !== undefined) select = select.where('state', '=', state);
  if (beforeId !== undefined) select = select.where('id', '<', beforeId);
  return (await select.execute()).map(fromRow);
}

/** A text that differs once anything of them changed. */
export async function approvalsMark(db: Db): Promise<string> {
  const row = await db.selectFrom('approval').select(['changed_at_ms', 'id', 'state']).orderBy('changed_at_ms', 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst();
  const { count } = await db.selectFrom('approval').select((where) => where.fn.countAll<number | string>().as('count')).where('state', '=', 'pending').executeTakeFirstOrThrow();
  return row === undefined ? '0' : `${row.changed_at_ms}.${row.id}.${row.state}.${count}`;
}

function fromRow(row: Selectable<ApprovalTable>): Approval {
  return {
    id: row.id,
    state: z.enum(APPROVAL_STATES).parse(row.state),
    principal: row.principal,
    principalKind: row.principal_kind,
    principalName: row.principal_name,
    credential: row.credential,
    endpoint: row.endpoint,
    namespace: row.namespace,
    server: row.server,
    method: row.method,
    name: row.name,
    argumentsDigest: row.arguments_digest,
    arguments: fromJson(ArgumentsSchema, row.arguments) as Approval['arguments'],
    rule: row.rule,
    reason: row.reason ?? undefined,
    terms: fromJson(TermsSchema, row.terms),
    requestedAtMs: row.requested_at_ms,
    expiresAtMs: row.expires_at_ms,
    decidedAtMs: row.decided_at_ms ?? undefined,
    decidedBy: row.decided_by ?? undefined,
    note: row.note ?? undefined,
    usedAtMs: row.used_at_ms ?? undefined,
  };
}
