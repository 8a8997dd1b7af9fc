/** One month of the record as an SQLite file. Rows are added; the database itself refuses to change or delete one (AU-04). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { SignedHead } from '../audit/chain.ts';
import type { ChainRow } from '../audit/chain-writer.ts';

const FILE_NAME = /^audit-(\d{4}-\d{2})\.db$/;
const BUSY_TIMEOUT_MS = 5_000;

const TABLES = `
create table if not exists record (
  position integer primary key, writer text not null, seq integer not null, at_ms integer not null, kind text not null,
  call_id text, principal text, credential text, endpoint text, server text, tool text, method text, outcome text, effect text,
  action text, subject text, text text not null, hash text not null
) strict;
create index if not exists record_at on record (at_ms);
create index if not exists record_kind on record (kind);
create index if not exists record_call on record (call_id);
create index if not exists record_principal on record (principal);
create index if not exists record_server on record (server, tool);
create index if not exists record_endpoint on record (endpoint);
create index if not exists record_outcome on record (outcome) where outcome <> 'ok';
create table if not exists payload (position integer primary key, arguments text, result text) strict;
create table if not exists checkpoint (position integer primary key, writer text not null, seq integer not null, hash text not null, at_ms integer not null, signature text not null) strict;
create table if not exists purge (position integer primary key) strict;
`;

/** A payload may go once the chain says so; nothing else ever. */
const TRIGGERS = [
  ...['record', 'checkpoint', 'purge'].flatMap((table) => [never(table, 'update'), never(table, 'delete')]),
  never('payload', 'update'),
  `create trigger if not exists payload_no_delete before delete on payload when old.position > (select coalesce(max(position), 0) from purge)
   begin select raise(abort, 'the record is append-only'); end`,
];

function never(table: string, verb: string): string {
  return `create trigger if not exists ${table}_no_${verb} before ${verb} on ${table} begin select raise(abort, 'the record is append-only'); end`;
}

/** Months that have a file, oldest first, e.g. `2026-11`. */
export function listMonths(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) => FILE_NAME.exec(name)?.[1] ?? [])
    .sort();
}

/** The month of a moment, UTC. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

export function fileOf(folder: string, month: string): string {
  return join(folder, `audit-${month}.db`);
}

/** For writing; made where it is missing. FULL: what was acknowledged survives a power cut. */
export function openForWriting(folder: string, month: string): Sqlite.Database {
  const database = new Sqlite(fileOf(folder, month), { timeout: BUSY_TIMEOUT_MS });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    createTables(database);
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  return database;
}

/** In memory, for comparing. */
export function openEmpty(): Sqlite.Database {
  return new Sqlite(':memory:');
}

export function createTables(database: Sqlite.Database): void {
  database.exec(TABLES);
  for (const trigger of TRIGGERS) database.exec(trigger);
}

export function openForReading(folder: string, month: string): Sqlite.Database {
  return new Sqlite(fileOf(folder, month), { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
}

const INSERT_RECORD = 'insert into record values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

export interface Insertion {
  readonly writer: string;
  /** Position of a record, less its number. */
  readonly offset: number;
  readonly rows: Iterable<ChainRow>;
  /** What is written behind the last of them. */
  readonly checkpointAt: (last: ChainRow) => SignedHead | undefined;
}

interface Inserts {
  readonly rows: (insertion: Insertion) => ChainRow | undefined;
  readonly checkpoint: (checkpoint: SignedHead, offset: number) => void;
}

/** Prepared once for each file: what a statement holds outside the heap is freed when garbage is collected, which is seldom. */
const prepared = new WeakMap<Sqlite.Database, Inserts>();

function insertsFor(database: Sqlite.Database): Inserts {
  let inserts = prepared.get(database);
  if (inserts === undefined) prepared.set(database, (inserts = prepareInserts(database)));
  return inserts;
}

/** All or nothing. Returns the last one. */
export function insertRows(database: Sqlite.Database, insertion: Insertion): ChainRow | undefined {
  return insertsFor(database).rows(insertion);
}

/** `offset` as in `Insertion`. */
export function insertCheckpoint(database: Sqlite.Database, checkpoint: SignedHead, offset: number): void {
  insertsFor(database).checkpoint(checkpoint, offset);
}

function prepareInserts(database: Sqlite.Database): Inserts {
  const insertRecord = database.prepare(INSERT_RECORD);
  const insertPayload = database.prepare('insert into payload values (?, ?, ?)');
  const insertHead = database.prepare('insert or ignore into checkpoint values (?, ?, ?, ?, ?, ?)');
  const insertRow = ({ seq, text, hash, columns, payload }: ChainRow, writer: string, position: number): void => {
    const { atMs, kind, callId, principal, credential, endpoint, server, tool, method, outcome, effect, action, subject } = columns;
    insertRecord.run(position, writer, seq, atMs, kind, callId, principal, credential, endpoint, server, tool, method, outcome, effect, action, subject, text, hash);
    if (payload !== undefined) insertPayload.run(position, payload.arguments, payload.result);
  };
  const checkpoint = ({ writer, seq, hash, atMs, signature }: SignedHead, offset: number): void => {
    insertHead.run(seq + offset, writer, seq, hash, atMs, signature);
  };
  const rows = database.transaction(({ writer, offset, rows: given, checkpointAt }: Insertion) => {
    let last: ChainRow | undefined;
    for (const row of given) {
      insertRow(row, writer, row.seq + offset);
      last = row;
    }
    const head = last && checkpointAt(last);
    if (head !== undefined) checkpoint(head, offset);
    return last;
  });
  return { rows, checkpoint };
}
