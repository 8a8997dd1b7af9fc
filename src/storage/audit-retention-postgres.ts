/**
 * What is old goes from the record on PostgreSQL: payloads, and whole months by their partition (AU-04). One gateway does
 * it for all: what it says of the chains of the others stands in its own.
 */
import { sql } from 'kysely';
import type { AuditRecord } from '../audit/audit-record.ts';
import type { Db } from './schema.ts';
import { query, transact } from './transaction.ts';

/** Adds a record to the chain of this gateway; once it resolves the record is there. */
export type Say = (record: AuditRecord) => Promise<void>;

export interface Retention {
  /** Of this gateway. */
  readonly writer: string;
  readonly beforeMs: number;
  readonly nowMs: number;
  readonly say: Say;
}

interface ChainEnd {
  readonly writer: string;
  readonly seq: number;
  readonly hash: string;
}

/** First the chain says what will be gone, then it goes. */
export async function purgePayloads(db: Db, { writer, beforeMs, nowMs, say }: Retention): Promise<void> {
  const { rows } = await query(db, () =>
    sql<{ writer: string; seq: number; payloads: number }>`select writer, max(seq) as seq, count(*) as payloads from audit_payload where at_ms < ${beforeMs} group by writer order by writer`.execute(db),
  );
  if (rows.length === 0) return;
  const own = rows.find((row) => row.writer === writer);
  const others = rows.flatMap((row) => (row === own ? [] : [{ writer: row.writer, seq: row.seq }]));
  const payloads = rows.reduce((sum, row) => sum + Number(row.payloads), 0);
  await say({ kind: 'purge', atMs: nowMs, detail: { ...(own && { seq: own.seq }), payloads, ...(others.length > 0 && { others }) } });
  await transact(db, async (tx) => {
    for (const { writer: whose, seq } of rows) {
      await sql`insert into audit_purge values (${whose}, ${seq}) on conflict do nothing`.execute(tx);
      await sql`delete from audit_payload where writer = ${whose} and seq <= ${seq}`.execute(tx);
    }
  });
}

/** Partitions all of whose records are older; each leaves a tombstone first. */
export async function dropMonths(db: Db, retention: Retention): Promise<void> {
  const { rows } = await query(db, () =>
    sql<{ name: string }>`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'audit_record'::regclass order by 1`.execute(db),
  );
  for (const { name } of rows) {
    const table = sql.table(name);
    const { rows: ends } = await query(db, () => sql<{ last: number | null }>`select max(at_ms) as last from ${table}`.execute(db));
    const last = ends[0]?.last;
    if (last === undefined || last === null || last >= retention.beforeMs) continue;
    // Payloads find their record by its number: none may outlive it.
    await purgePayloads(db, { ...retention, beforeMs: last + 1 });
    await retention.say({ kind: 'tombstone', atMs: retention.nowMs, detail: await tombstoneOf(db, name, retention.writer) });
    await query(db, () => sql`drop table ${table}`.execute(db));
  }
}

/**
 * What the month held: where each chain ends in it, and its places. Two months of one chain can be woven into each other
 * where clocks differ: then there are several such ends.
 */
async function tombstoneOf(db: Db, name: string, writer: string): Promise<Readonly<Record<string, unknown>>> {
  const table = sql.table(name);
  const { rows: ends } = await query(db, () =>
    sql<ChainEnd>`select writer, seq, hash from ${table} r
      where not exists (select 1 from ${table} n where n.writer = r.writer and n.seq = r.seq + 1) order by writer, seq`.execute(db),
  );
  const { rows: places } = await query(db, () =>
    sql<{ from: number; to: number; records: number }>`select min(position) as "from", max(position) as "to", count(*) as records
      from (select position, position - row_number() over (order by position) as island from ${table}) places group by island order by 1`.execute(db),
  );
  // Tombstones go with their month too: where chains ended that are gone for good must stay told.
  const { rows: before } = await query(db, () =>
    sql<{ writer: string; text: string }>`select writer, text from ${table} where kind = 'tombstone'`.execute(db),
  );
  const told = before.flatMap(({ writer: whose, text }) => {
    const { seq, hash, others = [] } = (JSON.parse(text) as { readonly detail: Partial<ChainEnd> & { readonly others?: readonly ChainEnd[] } }).detail;
    return [...(seq === undefined || hash === undefined ? [] : [{ writer: whose, seq, hash }]), ...others];
  });
  const own = ends.findLast((end) => end.writer === writer);
  const others = [...ends.filter((end) => end !== own), ...told.filter((end) => !ends.some(({ writer: whose }) => whose === end.writer))];
  return {
    month: name.slice(-7).replace('_', '-'),
    ...(own && { seq: own.seq, hash: own.hash }),
    ...(others.length > 0 && { others }),
    records: places.reduce((sum, { records }) => sum + Number(records), 0),
    places: places.map(({ from, to }) => [from, to]),
  };
}
