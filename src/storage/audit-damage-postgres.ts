/**
 * What is wrong with the tables of the record on PostgreSQL beside what the chains cover: triggers that are gone or off,
 * places of records, and payloads, checkpoints and purges that fit no record. PostgreSQL checks its own pages.
 */
import { type RawBuilder, sql } from 'kysely';
import { goneUpTo, keepingDetailOf } from '../audit/keeping-detail.ts';
import type { Db } from './schema.ts';

/** A run of places without a gap. */
interface Places {
  readonly from: number;
  readonly to: number;
}

/** A record, or where a chain ended. */
interface Numbered {
  readonly writer: string;
  readonly seq: number;
}

const PAGE = 5_000;
const TRIGGERS = ['audit_record_append_only', 'audit_checkpoint_append_only', 'audit_writer_append_only', 'audit_purge_append_only', 'audit_payload_no_update', 'audit_payload_no_delete'];

/** A sentence for each problem. Rejects where the database cannot be asked. */
export async function postgresDamage(db: Db): Promise<string[]> {
  const tombstones = await readTombstones(db);
  return [...(await triggerDamage(db)), ...(await placeDamage(db, tombstones.places)), ...(await strayRows(db, tombstones.ends))];
}

/** Each partition has its own copy of the trigger, which can be switched off by itself. */
async function triggerDamage(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string; on: string; isOn: boolean }>`
    select t.tgname as name, c.relname as "on", t.tgenabled in ('O', 'A') as "isOn" from pg_trigger t join pg_class c on c.oid = t.tgrelid where t.tgname = any(${TRIGGERS})`.execute(db);
  const { rows: partitions } = await sql<{ name: string }>`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'audit_record'::regclass`.execute(db);
  const missing = TRIGGERS.filter((name) => !rows.some((row) => row.name === name)).map((name) => `the trigger ${name} is gone`);
  const off = rows.filter(({ isOn }) => !isOn).map(({ name, on }) => `the trigger ${name} of ${on} is off`);
  const bare = partitions.filter(({ name }) => !rows.some((row) => row.on === name)).map(({ name }) => `${name} has no trigger`);
  return [...missing, ...off, ...bare];
}

/** Each record stands right behind the one before, whoever wrote it; what was dropped with a month is told by its tombstone. */
async function placeDamage(db: Db, gone: readonly Places[]): Promise<string[]> {
  const { rows: ends } = await sql<{ last: number }>`select last from audit_place`.execute(db);
  const end = ends[0]?.last;
  if (end === undefined) return ['the table audit_place is empty'];
  const problems: string[] = [];
  let next = 1;
  for await (const { from, to } of runsOf(db)) {
    if (from < next) problems.push(`position ${from} does not stand alone or behind the one before`);
    else if (!isTold({ from: next, to: from - 1 }, gone)) problems.push(`there is nothing at the positions ${next} to ${from - 1}`);
    next = Math.max(next, to + 1);
  }
  if (next > end + 1) problems.push(`there is a position ${next - 1}, but the last one that was given out is ${end}`);
  else if (!isTold({ from: next, to: end }, gone)) problems.push(`there is nothing at the positions ${next} to ${end}`);
  return problems;
}

/** Places without gaps between them, page by page. */
async function* runsOf(db: Db): AsyncIterable<Places> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const { rows } = await sql<Places & { readonly count: number }>`
      select min(position) as "from", max(position) as "to", count(*) as count from (
        select position, position - row_number() over (order by position) as run from (
          select position from audit_record where position > ${after} order by position limit ${PAGE}) page) places
      group by run order by 1, 2`.execute(db);
    for (const run of rows) yield run;
    const last = rows.at(-1);
    if (last === undefined || rows.reduce((sum, { count }) => sum + count, 0) < PAGE) return;
    after = last.to;
  }
}

/** What months held that were deleted: their places in order, and where chains ended in them. */
async function readTombstones(db: Db): Promise<{ readonly places: readonly Places[]; readonly ends: readonly Numbered[] }> {
  const { rows } = await sql<{ writer: string; text: string }>`select writer, text from audit_record where kind = 'tombstone'`.execute(db);
  const places = rows.flatMap(({ text }) => keepingDetailOf(text).places.map(([from, to]): Places => ({ from, to })));
  return { places: places.toSorted((a, b) => a.from - b.from), ends: rows.flatMap(goneUpTo) };
}

/** Up to where records of kind `purge` say that payloads are gone, as a table. */
async function purgeClaims(db: Db): Promise<RawBuilder<unknown>> {
  const { rows } = await sql<{ writer: string; text: string }>`select writer, text from audit_record where kind = 'purge'`.execute(db);
  return sql`json_to_recordset(${JSON.stringify(rows.flatMap(goneUpTo))}::json) as claim (writer text, seq bigint)`;
}

/** Tombstones go with their own month in the end: of what is older than all that are left nothing is known. */
function isTold(hole: Places, gone: readonly Places[]): boolean {
  let next = Math.max(hole.from, Math.min(gone[0]?.from ?? hole.from, hole.to + 1));
  for (const { from, to } of gone) if (from <= next) next = Math.max(next, to + 1);
  return next > hole.to;
}

/** Rows beside the records that belong to none, and purges that records tell of and the table does not. */
async function strayRows(db: Db, ends: readonly Numbered[]): Promise<string[]> {
  const payloads = await countStrays(db, 'audit_payload', { isStray: sql`r.at_ms is distinct from s.at_ms`, isGone: async () => false });
  // What went with a month: of a chain that goes on, all before its first record; of one that is gone, all up to its end.
  const isGone = async ({ writer, seq }: Numbered): Promise<boolean> => {
    if (!ends.some((end) => end.writer === writer && seq <= end.seq)) return false;
    const { rows } = await sql<{ first: number | null }>`select min(seq) as first from audit_record where writer = ${writer}`.execute(db);
    return seq < (rows[0]?.first ?? Infinity);
  };
  const claims = await purgeClaims(db);
  const checkpoints = await countStrays(db, 'audit_checkpoint', { isStray: sql`r.hash is distinct from s.hash`, isGone });
  const purges = await countStrays(db, 'audit_purge', { isStray: sql`not exists (select 1 from ${claims} where claim.writer = s.writer and claim.seq = s.seq)`, isGone });
  // Where payloads are still there, the purge that was told did not come to its end.
  const { rows: undone } = await sql<{ count: number }>`
    select count(*) as count from ${claims} where not exists (select 1 from audit_purge p where p.writer = claim.writer and p.seq >= claim.seq)
      and not exists (select 1 from audit_payload p where p.writer = claim.writer and p.seq <= claim.seq)`.execute(db);
  const told = (count: number, sentence: string): string[] => (count === 0 ? [] : [`${count} ${sentence}`]);
  return [
    ...told(payloads, 'payloads are not those of their record'),
    ...told(checkpoints, 'checkpoints are of no record'),
    ...told(purges, 'purges are in no record'),
    ...told(undone[0]?.count ?? 0, 'purges that records tell of are not in their table'),
  ];
}

interface StrayTest {
  /** Of the row `s` and its record `r`, which may not be there. */
  readonly isStray: RawBuilder<unknown>;
  readonly isGone: (row: Numbered) => Promise<boolean>;
}

/** Page by page: no statement may take long. */
async function countStrays(db: Db, table: string, { isStray, isGone }: StrayTest): Promise<number> {
  let count = 0;
  for (let after: Numbered = { writer: '', seq: 0 }; ; ) {
    const { rows } = await sql<Numbered & { readonly isStray: boolean }>`
      select s.writer, s.seq, ${isStray} as "isStray" from (
        select * from ${sql.table(table)} where (writer, seq) > (${after.writer}, ${after.seq}) order by writer, seq limit ${PAGE}) s
      left join audit_record r on r.writer = s.writer and r.seq = s.seq order by s.writer, s.seq`.execute(db);
    for (const row of rows) if (row.isStray && !(await isGone(row))) count++;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return count;
    after = last;
  }
}
