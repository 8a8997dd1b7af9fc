/** Writes the record into the files of the data folder. Synchronous: it has a thread of its own (see audit-sqlite.ts). */
import { rmSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import type { AuditRecord } from '../audit/audit-record.ts';
import { GENESIS, type Head, type SignedHead } from '../audit/chain.ts';
import { chained, type ChainRow, type RedactPayload, toRows } from '../audit/chain-writer.ts';
import { countRecords, RecordPack, unpackRecords } from '../audit/record-pack.ts';
import { createSigner } from '../audit/signing.ts';
import { fileOf, insertCheckpoint, insertRows, listMonths, monthOf, openForReading, openForWriting } from './audit-file.ts';
import { AuditIntake } from './audit-intake.ts';
import { readHeadFile, writeHeadFile } from './audit-head-file.ts';

const CHECKPOINT_RECORDS = 1_000;
const CHECKPOINT_MS = 60_000;
/** The head beside the record is at most so much older than its end. */
const HEAD_MS = 200;

export interface SqliteWriterOptions {
  readonly folder: string;
  readonly writer: string;
  /** PEM. */
  readonly privateKey: string;
  readonly redact: RedactPayload;
  /** Wall clock. */
  readonly nowMs: () => number;
}

export interface RetainOptions {
  readonly payloadsMs: number | undefined;
  readonly recordsMs: number | undefined;
  readonly nowMs: number;
}

/** Fewer records at once go into the tables directly. */
const DIRECT_MAX = 200;
/** Rows that are made at once of what waits; the thread is not away for long. */
const SLICE_RECORDS = 1_000;
/** More waits only for as long as rows are made of it twice as fast. */
const WAITING_BYTES_MAX = 96 << 20;

export class SqliteAuditWriter {
  readonly #options: SqliteWriterOptions;
  readonly #sign: (head: Head, atMs: number) => SignedHead;
  readonly #intake: AuditIntake;
  #open: { readonly month: string; readonly database: Sqlite.Database } | undefined;
  #head: Head;
  #offset: number;
  /** The last record that is a row. */
  #storedSeq: number;
  #checkpointed: { seq: number; atMs: number };
  #headWrittenMs = 0;

  constructor(options: SqliteWriterOptions) {
    const { folder, writer } = options;
    this.#options = options;
    this.#sign = createSigner(options.privateKey);
    this.#checkpointed = { seq: 0, atMs: 0 };
    this.#intake = new AuditIntake(folder);
    const { head, offset } = findStored(folder, writer);
    this.#head = head;
    this.#offset = offset;
    this.#storedSeq = head.seq;
    try {
      // What waited when the process ended.
      while (this.unpack());
    } catch (thrown) {
      this.#intake.close();
      throw thrown;
    }
    this.#head = furthest(this.#head, readHeadFile(folder));
  }

  /** Whether records wait to become rows. */
  get isBehind(): boolean {
    return this.#intake.waitingBytes > 0;
  }

  /** Number of the last record, row or not. */
  get lastSeq(): number {
    return this.#head.seq;
  }

  get storedSeq(): number {
    return this.#storedSeq;
  }

  /** `packs`: bytes of record packs. One record after the other is written and forgotten: together they would outlive the young generation of this thread's heap. */
  append(packs: readonly Uint8Array[]): void {
    const count = countRecords(packs);
    if (count === 0) return;
    const records = chained(this.#head, unpackRecords(packs), this.#options.redact);
    const last = count < DIRECT_MAX && !this.isBehind ? this.#store(toRows(records)) : this.#intake.append(records);
    if (last !== undefined) this.#head = { writer: this.#head.writer, ...last };
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#headWrittenMs >= HEAD_MS || nowMs < this.#headWrittenMs) this.#writeHead(nowMs);
    if (this.#intake.waitingBytes > WAITING_BYTES_MAX) this.unpack(2 * count);
  }

  /** Makes rows of some of what waits. False where nothing does. */
  unpack(max = SLICE_RECORDS): boolean {
    if (!this.isBehind) return false;
    // A crash between storing and taking leaves records in both.
    const { rows, taken } = this.#intake.next(this.#storedSeq, max);
    this.#store(rows);
    taken();
    return true;
  }

  retain({ payloadsMs, recordsMs, nowMs }: RetainOptions): void {
    while (this.unpack());
    if (payloadsMs !== undefined) this.#purge(payloadsMs, nowMs);
    if (recordsMs !== undefined) this.#dropMonths(recordsMs, nowMs);
  }

  close(): void {
    while (this.unpack());
    this.#intake.close();
    if (this.#open !== undefined) this.#seal(this.#options.nowMs());
    this.#open?.database.close();
    this.#open = undefined;
  }

  /** Returns the place of the last one. */
  #store(rows: Iterable<ChainRow>): { readonly seq: number; readonly hash: string } | undefined {
    const nowMs = this.#options.nowMs();
    const { writer } = this.#head;
    let signed: SignedHead | undefined;
    const checkpointAt = ({ seq, hash }: ChainRow): SignedHead | undefined => {
      const isDue = seq - this.#checkpointed.seq >= CHECKPOINT_RECORDS || nowMs - this.#checkpointed.atMs >= CHECKPOINT_MS;
      if (isDue) signed = this.#sign({ writer, seq, hash }, nowMs);
      return signed;
    };
    const last = insertRows(this.#databaseFor(nowMs), { writer, offset: this.#offset, rows, checkpointAt });
    if (last === undefined) return undefined;
    const { seq, hash } = last;
    this.#storedSeq = seq;
    if (seq > this.#head.seq) this.#head = { writer, seq, hash };
    if (signed !== undefined) this.#checkpointed = { seq, atMs: nowMs };
    return { seq, hash };
  }

  #databaseFor(nowMs: number): Sqlite.Database {
    // A clock that was set back does not reopen a month that is over.
    const month = [monthOf(nowMs), this.#open?.month ?? listMonths(this.#options.folder).at(-1) ?? ''].sort().at(-1) ?? monthOf(nowMs);
    if (this.#open?.month === month) return this.#open.database;
    const database = openForWriting(this.#options.folder, month);
    if (this.#open !== undefined) {
      this.#seal(nowMs);
      this.#open.database.close();
    }
    this.#open = { month, database };
    return database;
  }

  /** A checkpoint at the very end of what is written. */
  #seal(nowMs: number): void {
    if (this.#open === undefined || this.#head.seq === 0) return;
    if (this.#head.seq > this.#checkpointed.seq) {
      insertCheckpoint(this.#open.database, this.#sign(this.#head, nowMs), this.#offset);
      this.#checkpointed = { seq: this.#head.seq, atMs: nowMs };
    }
    this.#writeHead(nowMs);
  }

  #writeHead(nowMs: number): void {
    writeHeadFile(this.#options.folder, this.#sign(this.#head, nowMs));
    this.#headWrittenMs = nowMs;
  }

  /** First the chain says what will be gone, then it goes. */
  #purge(beforeMs: number, nowMs: number): void {
    const { folder } = this.#options;
    const found = listMonths(folder).flatMap((month) => {
      const database = month === this.#open?.month ? this.#open.database : openForReading(folder, month);
      const row = database
        .prepare('select max(p.position) as position, count(*) as count from payload p join record r on r.position = p.position where r.at_ms < ?')
        .get(beforeMs) as { readonly position: number | null; readonly count: number };
      if (database !== this.#open?.database) database.close();
      return row.position === null ? [] : [{ month, position: row.position, count: row.count }];
    });
    const last = found.at(-1);
    if (last === undefined) return;
    this.#say({ kind: 'purge', atMs: nowMs, detail: { seq: last.position - this.#offset, payloads: found.reduce((sum, { count }) => sum + count, 0), months: Object.fromEntries(found.map(({ month, position }) => [month, position])) } }, nowMs);
    for (const { month, position } of found) {
      const database = month === this.#open?.month ? this.#open.database : openForWriting(folder, month);
      database.transaction(() => {
        database.prepare('insert or ignore into purge values (?)').run(position);
        database.prepare('delete from payload where position <= ?').run(position);
      })();
      if (database !== this.#open?.database) database.close();
    }
  }

  /** Months all of whose records are older. The tombstone is signed before the file goes. */
  #dropMonths(beforeMs: number, nowMs: number): void {
    const { folder } = this.#options;
    const current = this.#databaseFor(nowMs);
    for (const month of listMonths(folder)) {
      if (month === this.#open?.month) continue;
      const database = openForReading(folder, month);
      const last = database.prepare('select seq, hash, at_ms as atMs from record order by position desc limit 1').get() as
        | { readonly seq: number; readonly hash: string; readonly atMs: number }
        | undefined;
      const { count } = database.prepare('select count(*) as count from record').get() as { readonly count: number };
      database.close();
      if (last === undefined || last.atMs >= beforeMs) break;
      this.#say({ kind: 'tombstone', atMs: nowMs, detail: { month, seq: last.seq, hash: last.hash, records: count } }, nowMs);
      insertCheckpoint(current, this.#sign(this.#head, nowMs), this.#offset);
      for (const suffix of ['', '-wal', '-shm']) rmSync(fileOf(folder, month) + suffix, { force: true });
    }
  }

  #say(record: AuditRecord, nowMs: number): void {
    this.append([RecordPack.of([{ record: JSON.stringify(record) }]).bytes]);
    this.#writeHead(nowMs);
  }
}

/** Where the chain ends in the tables, and position less number of its records. */
function findStored(folder: string, writer: string): { readonly head: Head; readonly offset: number } {
  let position = 0;
  let last: { readonly position: number; readonly seq: number; readonly hash: string } | undefined;
  for (const month of listMonths(folder).toReversed()) {
    // Opened for writing: what a crash left in its journal comes in.
    const database = openForWriting(folder, month);
    const newest = database.prepare('select position from record order by position desc limit 1').get() as { readonly position: number } | undefined;
    const own = database.prepare('select position, seq, hash from record where writer = ? order by position desc limit 1').get(writer) as typeof last;
    database.close();
    position = Math.max(position, newest?.position ?? 0);
    last ??= own;
    if (last !== undefined) break;
  }
  if (last === undefined) return { head: { writer, seq: 0, hash: GENESIS }, offset: position };
  // Others may have written since: positions go on behind them.
  return { head: { writer, seq: last.seq, hash: last.hash }, offset: position - last.seq };
}

/** Where the head that is kept apart is further than the records, the chain goes on from there: what was cut off stays a gap that verification finds. */
function furthest(head: Head, kept: ReturnType<typeof readHeadFile>): Head {
  return typeof kept === 'object' && kept.writer === head.writer && kept.seq > head.seq ? { writer: kept.writer, seq: kept.seq, hash: kept.hash } : head;
}
