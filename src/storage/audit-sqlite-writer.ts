/** Writes the record into the files of the data folder. Synchronous: it has a thread of its own (see audit-sqlite.ts). */
import { rmSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import type { AuditRecord } from '../audit/audit-record.ts';
import type { PendingRecord } from '../audit/audit-store.ts';
import { GENESIS, type Head, type SignedHead } from '../audit/chain.ts';
import { prepareRows, type RedactPayload } from '../audit/chain-writer.ts';
import { createSigner } from '../audit/signing.ts';
import { fileOf, insertRows, listMonths, monthOf, openForReading, openForWriting } from './audit-file.ts';
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

export class SqliteAuditWriter {
  readonly #options: SqliteWriterOptions;
  readonly #sign: (head: Head, atMs: number) => SignedHead;
  #open: { readonly month: string; readonly database: Sqlite.Database } | undefined;
  #head: Head;
  #offset: number;
  #checkpointed: { seq: number; atMs: number };
  #headWrittenMs = 0;

  constructor(options: SqliteWriterOptions) {
    this.#options = options;
    this.#sign = createSigner(options.privateKey);
    const end = findEnd(options.folder, options.writer);
    this.#head = end.head;
    this.#offset = end.offset;
    this.#checkpointed = { seq: 0, atMs: 0 };
  }

  append(batch: readonly PendingRecord[]): void {
    if (batch.length === 0) return;
    const nowMs = this.#options.nowMs();
    const database = this.#databaseFor(nowMs);
    const { rows, head } = prepareRows(this.#head, batch, this.#options.redact);
    const isDue = head.seq - this.#checkpointed.seq >= CHECKPOINT_RECORDS || nowMs - this.#checkpointed.atMs >= CHECKPOINT_MS;
    const checkpoint = isDue ? this.#sign(head, nowMs) : undefined;
    insertRows(database, { writer: head.writer, offset: this.#offset, rows, checkpoint });
    this.#head = head;
    if (checkpoint !== undefined) this.#checkpointed = { seq: head.seq, atMs: nowMs };
    if (nowMs - this.#headWrittenMs >= HEAD_MS || nowMs < this.#headWrittenMs) this.#writeHead(nowMs);
  }

  /** Damage as the database finds it: indexes that do not fit their rows, pages that are none. */
  damage(): string[] {
    const problems: string[] = [];
    for (const month of listMonths(this.#options.folder)) {
      try {
        const database = openForReading(this.#options.folder, month);
        try {
          const rows = database.pragma('integrity_check') as { readonly integrity_check: string }[];
          for (const row of rows) if (row.integrity_check !== 'ok') problems.push(`audit-${month}.db: ${row.integrity_check}`);
        } finally {
          database.close();
        }
      } catch (thrown) {
        problems.push(`audit-${month}.db: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      }
    }
    return problems;
  }

  retain({ payloadsMs, recordsMs, nowMs }: RetainOptions): void {
    if (payloadsMs !== undefined) this.#purge(payloadsMs, nowMs);
    if (recordsMs !== undefined) this.#dropMonths(recordsMs, nowMs);
  }

  close(): void {
    if (this.#open !== undefined) this.#seal(this.#options.nowMs());
    this.#open?.database.close();
    this.#open = undefined;
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
      insertRows(this.#open.database, { writer: this.#head.writer, offset: this.#offset, rows: [], checkpoint: this.#sign(this.#head, nowMs) });
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
    this.#say({ kind: 'purge', atMs: nowMs, detail: { seq: last.position - this.#offset, payloads: found.reduce((sum, { count }) => sum + count, 0) } }, nowMs);
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
      insertRows(current, { writer: this.#head.writer, offset: this.#offset, rows: [], checkpoint: this.#sign(this.#head, nowMs) });
      for (const suffix of ['', '-wal', '-shm']) rmSync(fileOf(folder, month) + suffix, { force: true });
    }
  }

  #say(record: AuditRecord, nowMs: number): void {
    this.append([{ record: JSON.stringify(record) }]);
    this.#writeHead(nowMs);
  }
}

/**
 * Where the chain goes on. Where the head that is kept apart is further than the files, it goes on from there: what
 * was cut off stays a gap that verification finds.
 */
function findEnd(folder: string, writer: string): { readonly head: Head; readonly offset: number } {
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
  const kept = readHeadFile(folder);
  const isCut = typeof kept === 'object' && kept.writer === writer && kept.seq > (last?.seq ?? 0);
  if (isCut) return { head: { writer, seq: kept.seq, hash: kept.hash }, offset: last === undefined ? position : last.position - last.seq };
  if (last === undefined) return { head: { writer, seq: 0, hash: GENESIS }, offset: position };
  // Others may have written since: positions go on behind them.
  return { head: { writer, seq: last.seq, hash: last.hash }, offset: position - last.seq };
}
