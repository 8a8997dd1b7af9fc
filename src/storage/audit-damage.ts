/**
 * What is wrong with the files of the record below what the chain covers: pages and indexes that are none, tables and
 * triggers that are not as they were made, and places of records, checkpoints and purges that do not fit the records.
 */
import type Sqlite from 'better-sqlite3';
import { keepingDetailOf } from '../audit/keeping-detail.ts';
import { createTables, listMonths, openEmpty, openForReading } from './audit-file.ts';

/** A sentence for each problem, with its file. Never throws for what it finds. */
export function damageOf(folder: string): string[] {
  const problems: string[] = [];
  const state: Places = { last: undefined, purges: new Set(), purged: [] };
  for (const month of listMonths(folder)) {
    const found = (problem: string): void => void problems.push(`audit-${month}.db: ${problem}`);
    try {
      const database = openForReading(folder, month);
      try {
        // Records come in meanwhile: all that is compared is of one moment.
        database.exec('begin');
        checkMonth(database, found);
        followPlaces(database, month, { state, found });
      } finally {
        database.close();
      }
    } catch (thrown) {
      found(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  // A purge is said in the same month or in a later one.
  for (const purge of state.purged) if (!state.purges.has(purge)) problems.push(`audit-${purge.replace(' ', '.db: a purge up to position ')} is in no record`);
  return problems;
}

interface Place {
  readonly position: number;
  readonly writer: string;
  readonly seq: number;
}

interface Places {
  /** The end of the month before. */
  last: Place | undefined;
  /** Month and position that records of kind `purge` say. */
  readonly purges: Set<string>;
  /** Month and position that the tables say. */
  readonly purged: string[];
}

type Found = (problem: string) => void;

function checkMonth(database: Sqlite.Database, found: Found): void {
  for (const { integrity_check: text } of database.pragma('integrity_check') as { readonly integrity_check: string }[]) if (text !== 'ok') found(text);
  if (schemaOf(database) !== plainSchema()) found('tables or triggers are not as they were made');
  const moved = database.prepare('select c.position from checkpoint c join record r on r.writer = c.writer and r.seq = c.seq where r.position <> c.position').all();
  if (moved.length > 0) found(`${moved.length} checkpoints are not at the place of their record`);
}

/** One process writes at a time, so each record stands right behind the one before; where records of a chain are gone, so are their places. */
const GAPS = `
select position from (
  select position, writer, seq, lag(position) over w as before, lag(writer) over w as before_writer, lag(seq) over w as before_seq
  from record window w as (order by position)
) where position - before <> 1 and not (writer = before_writer and position - before = seq - before_seq)`;

function followPlaces(database: Sqlite.Database, month: string, { state, found }: { readonly state: Places; readonly found: Found }): void {
  for (const { position } of database.prepare(GAPS).all() as { readonly position: number }[]) found(`position ${position} is not right behind the one before`);
  const [first, last] = ['asc', 'desc'].map((order) => database.prepare(`select position, writer, seq from record order by position ${order} limit 1`).get() as Place | undefined);
  if (first !== undefined && !followsOn(first, state.last)) found(`position ${first.position} is not right behind the month before`);
  state.last = last ?? state.last;
  for (const { text } of database.prepare("select text from record where kind = 'purge'").all() as { readonly text: string }[]) {
    for (const [purged, position] of Object.entries(keepingDetailOf(text).months)) state.purges.add(`${purged} ${position}`);
  }
  for (const { position } of database.prepare('select position from purge').all() as { readonly position: number }[]) state.purged.push(`${month} ${position}`);
}

/** Where older months were deleted, nothing says at which place the first record stood. */
function followsOn(first: Place, before: Place | undefined): boolean {
  if (before === undefined) return first.seq !== 1 || first.position === 1;
  const step = first.position - before.position;
  return step === 1 || (first.writer === before.writer && step === first.seq - before.seq);
}

function schemaOf(database: Sqlite.Database): string {
  return JSON.stringify(database.prepare('select type, name, tbl_name, sql from sqlite_master order by name').raw().all());
}

let schemaMade: string | undefined;

function plainSchema(): string {
  if (schemaMade !== undefined) return schemaMade;
  const database = openEmpty();
  createTables(database);
  schemaMade = schemaOf(database);
  database.close();
  return schemaMade;
}
