/** Events of servers on demand. Written in batches: the last half second of a killed gateway may be missing. */
import { z } from 'zod';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { CHILD_EVENT_KINDS, type ChildEvent, type ChildEventQuery } from '../model/child-event.ts';
import { fromJson, toJson } from './json.ts';
import type { Db } from './schema.ts';

const FLUSH_MS = 500;
const WAITING_MAX = 10_000;
const BATCH_MAX = 200;
/** Older events are removed when a gateway starts, milliseconds. */
const KEPT_MS = 30 * 24 * 3_600_000;

const DetailSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** Newest first. */
export async function findChildEvents(db: Db, query: ChildEventQuery): Promise<ChildEvent[]> {
  let select = db.selectFrom('child_event').selectAll().orderBy('id', 'desc').limit(query.limit);
  if (query.kind !== undefined) select = select.where('kind', '=', query.kind);
  if (query.serverId !== undefined) select = select.where('server_id', '=', query.serverId);
  if (query.principal !== undefined) select = select.where('principal', '=', query.principal);
  if (query.beforeId !== undefined) select = select.where('id', '<', query.beforeId);
  return (await select.execute()).map((row) => ({ id: row.id, atMs: Number(row.at_ms), kind: z.enum(CHILD_EVENT_KINDS).parse(row.kind), serverId: row.server_id, source: row.source, principal: row.principal, detail: fromJson(DetailSchema, row.detail) }));
}

export async function removeOldChildEvents(db: Db, nowMs: number): Promise<void> {
  await db
    .deleteFrom('child_event')
    .where('at_ms', '<', nowMs - KEPT_MS)
    .execute();
}

export interface ChildEventWriter {
  add(event: ChildEvent): void;
  /** Resolves when everything that was added by now is written, or reported. */
  settle(): Promise<void>;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/** `report` hears of what could not be written; it is dropped then. */
export function createChildEventWriter(db: Db, clock: Clock, report: (problem: unknown, lost: number) => void): ChildEventWriter {
  let waiting: ChildEvent[] = [];
  let cancelTimer: CancelTimer | undefined;
  let writing: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    cancelTimer?.();
    cancelTimer = undefined;
    if (waiting.length === 0) return writing;
    const events = waiting;
    waiting = [];
    writing = writing.then(() => insertAll(db, events)).catch((thrown: unknown) => report(thrown, events.length));
    return writing;
  };
  return {
    add: (event) => {
      if (waiting.length >= WAITING_MAX) report(new Error('too many events wait'), 1);
      else waiting.push(event);
      cancelTimer ??= clock.after(FLUSH_MS, () => void flush());
    },
    settle: flush,
    close: flush,
  };
}

async function insertAll(db: Db, events: readonly ChildEvent[]): Promise<void> {
  for (let start = 0; start < events.length; start += BATCH_MAX) {
    const rows = events.slice(start, start + BATCH_MAX).map(({ id, atMs, kind, serverId, source, principal, detail }) => ({ id, at_ms: atMs, kind, server_id: serverId, source, principal, detail: toJson(detail) }));
    await db.insertInto('child_event').values(rows).execute();
  }
}
