/** Audit events of the admin API: facts, in the order they happened. The database refuses to change one. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { fromJson, toJson } from './json.ts';
import type { AuditEventTable, Db } from './schema.ts';

/** `started` is written before something that cannot be undone is tried; a later event has its outcome. */
export type AuditOutcome = 'done' | 'started' | 'denied' | 'failed';

export interface AuditEvent {
  readonly atMs: number;
  /** Id of the principal. */
  readonly principal: string;
  /** Id of the operation, or a word of ours for what no request asked for. */
  readonly action: string;
  /** What it was done to: an id or name. */
  readonly subject: string;
  readonly outcome: AuditOutcome;
  /** Never holds a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface StoredAuditEvent extends AuditEvent {
  /** Rises with every event; may have gaps. */
  readonly seq: number;
}

export async function insertAuditEvent(db: Db, event: AuditEvent): Promise<void> {
  const { atMs, principal, action, subject, outcome, detail } = event;
  await db
    .insertInto('audit_event')
    .values({ at_ms: atMs, principal, action, subject, outcome, detail: toJson(detail) })
    .execute();
}

/** The page after `afterSeq`, oldest first. */
export async function listAuditEvents(db: Db, page: { readonly afterSeq: number; readonly limit: number }): Promise<StoredAuditEvent[]> {
  const rows = await db.selectFrom('audit_event').selectAll().where('seq', '>', page.afterSeq).orderBy('seq').limit(page.limit).execute();
  return rows.map(fromRow);
}

export interface AuditQuery {
  /** Only events before this one; undefined: from the newest on. */
  readonly beforeSeq: number | undefined;
  readonly limit: number;
  readonly principal?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
}

/** Newest first. */
export async function findAuditEvents(db: Db, query: AuditQuery): Promise<StoredAuditEvent[]> {
  let select = db.selectFrom('audit_event').selectAll().orderBy('seq', 'desc').limit(query.limit);
  if (query.beforeSeq !== undefined) select = select.where('seq', '<', query.beforeSeq);
  for (const column of ['principal', 'action', 'subject', 'outcome'] as const) {
    const wanted = query[column];
    if (wanted !== undefined) select = select.where(column, '=', wanted);
  }
  return (await select.execute()).map(fromRow);
}

/** Those of these numbers that are there. */
export async function findAuditEventsBySeq(db: Db, seqs: readonly number[]): Promise<StoredAuditEvent[]> {
  if (seqs.length === 0) return [];
  const rows = await db.selectFrom('audit_event').selectAll().where('seq', 'in', seqs).execute();
  return rows.map(fromRow);
}

/** How many there are up to a number. */
export async function countAuditEvents(db: Db, lastSeq: number): Promise<number> {
  const { count } = await db
    .selectFrom('audit_event')
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .where('seq', '<=', lastSeq)
    .executeTakeFirstOrThrow();
  return Number(count);
}

function fromRow(row: Selectable<AuditEventTable>): StoredAuditEvent {
  return {
    seq: row.seq,
    atMs: row.at_ms,
    principal: row.principal,
    action: row.action,
    subject: row.subject,
    outcome: z.enum(['done', 'started', 'denied', 'failed']).parse(row.outcome),
    detail: fromJson(z.record(z.string(), z.unknown()), row.detail),
  };
}
