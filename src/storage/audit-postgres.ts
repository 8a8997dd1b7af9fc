/** The record on PostgreSQL: a partition a month, a chain for each gateway. The head of this gateway's chain is kept in its data folder. */
import { type RawBuilder, sql } from 'kysely';
import type { AuditColumns, AuditRecord } from '../audit/audit-record.ts';
import type { AuditStore, Payload, RecordQuery, ScannedRecord, ScanRange, StoredRecord } from '../audit/audit-store.ts';
import { GENESIS, type Head, type SignedHead } from '../audit/chain.ts';
import { chainAfter, type ChainRow, type RedactPayload, toRow } from '../audit/chain-writer.ts';
import { type PendingRecord, RecordPack, unpackRecords } from '../audit/record-pack.ts';
import { createSigner } from '../audit/signing.ts';
import { Fault } from '../base/fault.ts';
import { open, seal, type SealInput } from '../base/sealed.ts';
import { postgresDamage } from './audit-damage-postgres.ts';
import { monthOf } from './audit-file.ts';
import { readHeadFile, writeHeadFile } from './audit-head-file.ts';
import { toConditions } from './audit-query.ts';
import { dropMonths, purgePayloads, type Say } from './audit-retention-postgres.ts';
import type { RetainOptions } from './audit-sqlite-writer.ts';
import type { Db } from './schema.ts';
import { query, transact } from './transaction.ts';

const CHECKPOINT_RECORDS = 1_000;
const CHECKPOINT_MS = 60_000;
const INSERT_ROWS = 1_000;
const SCAN_ROWS = 500;

export interface PostgresStoreOptions {
  readonly db: Db;
  /** The data folder. */
  readonly folder: string;
  readonly writer: string;
  /** PEM. */
  readonly privateKey: string;
  readonly redact: RedactPayload;
  readonly nowMs: () => number;
  /** So that other gateways can check this chain too; undefined: it is checked with a key that is given. */
  readonly publish?: { readonly publicKey: string; /** 32 bytes, the same in all gateways. */ readonly sealing: Uint8Array } | undefined;
}

const sealedKeyOf = (writer: string): string => `audit public key of ${writer}`;

type ScanRow = StoredRecord & AuditColumns & Payload & { readonly payloadSeq: number | null };

export class PostgresAuditStore implements AuditStore {
  readonly #options: PostgresStoreOptions;
  readonly #sign: (head: Head, atMs: number) => SignedHead;
  readonly #months = new Set<string>();
  #end: Head | undefined;
  #checkpointed = { seq: 0, atMs: 0 };
  /** One write at a time: each follows the one before. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: PostgresStoreOptions) {
    this.#options = options;
    this.#sign = createSigner(options.privateKey);
  }

  append(packs: readonly RecordPack[]): Promise<void> {
    const written = this.#writing.then(() => this.#append([...unpackRecords(packs.map(({ bytes }) => bytes))]));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  find({ limit, ...asked }: RecordQuery): Promise<readonly StoredRecord[]> {
    return query(this.#options.db, async (db) => {
      const { text, values } = toConditions({ ...asked, limit }, () => '?');
      const { rows } =
        await sql<StoredRecord>`select position, writer, seq, text, hash from audit_record ${withValues(text, values)} order by position desc limit ${limit}`.execute(
          db,
        );
      return rows;
    });
  }

  payloadAt(position: number): Promise<Payload | undefined> {
    return query(this.#options.db, async (db) => {
      const { rows } =
        await sql<Payload>`select p.arguments, p.result from audit_payload p join audit_record r on r.writer = p.writer and r.seq = p.seq where r.position = ${position}`.execute(
          db,
        );
      return rows[0];
    });
  }

  openIntents(): Promise<readonly string[]> {
    return query(this.#options.db, async (db) => {
      const { rows } = await sql<{ id: string }>`select i.call_id as id from audit_record i where i.kind = 'intent' and i.writer = ${this.#options.writer}
        and not exists (select 1 from audit_record o where o.call_id = i.call_id and o.kind <> 'intent')`.execute(db);
      return rows.map(({ id }) => id);
    });
  }

  async *scan({ fromMs, toMs }: ScanRange): AsyncIterable<ScannedRecord> {
    const { db } = this.#options;
    let after = 0;
    if (fromMs !== undefined) {
      const { rows } = await query(db, () =>
        sql<{ position: number | null }>`select max(position) as position from audit_record where at_ms < ${fromMs}`.execute(db),
      );
      after = (rows[0]?.position ?? 1) - 1;
    }
    for (;;) {
      const { rows } = await query(db, () =>
        sql<ScanRow>`select r.position, r.writer, r.seq, r.text, r.hash, r.at_ms as "atMs", r.kind, r.call_id as "callId", r.principal, r.credential, r.endpoint, r.server, r.tool, r.method,
          r.outcome, r.effect, r.action, r.subject, p.seq as "payloadSeq", p.arguments, p.result from audit_record r left join audit_payload p on p.writer = r.writer and p.seq = r.seq
          where r.position > ${after} and r.at_ms < ${toMs ?? Number.MAX_SAFE_INTEGER} order by r.position limit ${SCAN_ROWS}`.execute(db),
      );
      for (const { position, writer, seq, text, hash, payloadSeq, arguments: given, result, ...columns } of rows) {
        yield { position, writer, seq, text, hash, columns, payload: payloadSeq === null ? undefined : { arguments: given, result } };
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < SCAN_ROWS) return;
      after = last.position;
    }
  }

  checkpoints(): Promise<readonly SignedHead[]> {
    return query(this.#options.db, async (db) => {
      const { rows } = await sql<SignedHead>`select writer, seq, hash, at_ms as "atMs", signature from audit_checkpoint order by writer, seq`.execute(db);
      return rows;
    });
  }

  publicKeys(): Promise<ReadonlyMap<string, string>> {
    const { db: own, publish } = this.#options;
    if (publish === undefined) return Promise.resolve(new Map());
    return query(own, async (db) => {
      const { rows } = await sql<{ writer: string; sealedKey: string }>`select writer, sealed_key as "sealedKey" from audit_writer`.execute(db);
      return new Map(rows.map(({ writer, sealedKey }) => [writer, opened(sealedKey, { key: publish.sealing, record: sealedKeyOf(writer) })]));
    });
  }

  async head(): Promise<SignedHead | 'unreadable' | undefined> {
    return readHeadFile(this.#options.folder);
  }

  damage(): Promise<readonly string[]> {
    return query(this.#options.db, postgresDamage);
  }

  async retain({ payloadsMs, recordsMs, nowMs }: RetainOptions): Promise<void> {
    const { db, writer } = this.#options;
    const say: Say = (record) => this.append([RecordPack.of([{ record: JSON.stringify(record) }])]);
    if (payloadsMs !== undefined) await purgePayloads(db, { writer, beforeMs: payloadsMs, nowMs, say });
    if (recordsMs === undefined) return;
    await dropMonths(db, { writer, beforeMs: recordsMs, nowMs, say });
    // One that comes late would have to be made anew.
    this.#months.clear();
  }

  lastAdminEvent(): Promise<number> {
    return query(this.#options.db, async (db) => {
      const { rows } = await sql<{ text: string }>`select text from audit_record where kind = 'admin' order by position desc limit 1`.execute(db);
      const record = rows[0] === undefined ? undefined : (JSON.parse(rows[0].text) as AuditRecord);
      return record?.kind === 'admin' ? record.eventSeq : 0;
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    if (this.#end === undefined || this.#end.seq === 0) return;
    const last = this.#sign(this.#end, this.#options.nowMs());
    await transact(this.#options.db, (tx) => insertCheckpoint(tx, last));
    writeHeadFile(this.#options.folder, last);
  }

  async #append(batch: readonly PendingRecord[]): Promise<void> {
    if (batch.length === 0) return;
    const { db, redact, folder, nowMs } = this.#options;
    this.#end ??= await this.#begin();
    const { records, head } = chainAfter(this.#end, batch, redact);
    const rows = records.map(toRow);
    for (const month of new Set(rows.map(({ columns }) => monthOf(columns.atMs)))) await this.#makePartition(month);
    const atMs = nowMs();
    const signed = this.#sign(head, atMs);
    const isDue = head.seq - this.#checkpointed.seq >= CHECKPOINT_RECORDS || atMs - this.#checkpointed.atMs >= CHECKPOINT_MS;
    await transact(db, async (tx) => {
      const place = await takePlaces(tx, rows.length);
      for (let start = 0; start < rows.length; start += INSERT_ROWS) await insertRecords(tx, { writer: head.writer, place: place + start }, rows.slice(start, start + INSERT_ROWS));
      if (isDue) await insertCheckpoint(tx, signed);
    });
    this.#end = head;
    if (isDue) this.#checkpointed = { seq: head.seq, atMs };
    writeHeadFile(folder, signed);
  }

  async #begin(): Promise<Head> {
    const { db, writer, publish } = this.#options;
    if (publish !== undefined) {
      const sealed = seal(publish.publicKey, { key: publish.sealing, record: sealedKeyOf(writer) });
      await query(db, () => sql`insert into audit_writer (writer, sealed_key) values (${writer}, ${sealed}) on conflict do nothing`.execute(db));
    }
    return this.#findEnd();
  }

  /** As in audit-sqlite-writer.ts: what was cut off stays a gap. */
  async #findEnd(): Promise<Head> {
    const { db, writer, folder } = this.#options;
    const { rows } = await query(db, () =>
      sql<{ seq: number; hash: string }>`select seq, hash from audit_record where writer = ${writer} order by seq desc limit 1`.execute(db),
    );
    const last = rows[0] ?? { seq: 0, hash: GENESIS };
    const kept = readHeadFile(folder);
    if (typeof kept === 'object' && kept.writer === writer && kept.seq > last.seq) return { writer, seq: kept.seq, hash: kept.hash };
    return { writer, ...last };
  }

  async #makePartition(month: string): Promise<void> {
    if (this.#months.has(month)) return;
    const { db } = this.#options;
    const start = Date.parse(`${month}-01T00:00:00Z`);
    const next = new Date(start);
    next.setUTCMonth(next.getUTCMonth() + 1);
    const made = sql`create table if not exists ${sql.table(partitionOf(month))} partition of audit_record for values from (${sql.lit(start)}) to (${sql.lit(next.getTime())})`;
    await query(db, () => made.execute(db)).catch((thrown: unknown) => {
      // Another gateway made it at the same moment.
      if (!(thrown instanceof Error && 'code' in thrown && (thrown.code === '42P07' || thrown.code === '23505'))) throw thrown;
    });
    this.#months.add(month);
  }
}

function partitionOf(month: string): string {
  return `audit_record_${month.replace('-', '_')}`;
}

/** Nothing that verifies anything where somebody else made it. */
function opened(sealed: string, input: SealInput): string {
  try {
    return open(sealed, input);
  } catch {
    return '';
  }
}

/** The text with its placeholders as parameters. */
function withValues(text: string, values: readonly (string | number)[]): RawBuilder<unknown> {
  const parts = text.split('?');
  return sql.join(
    parts.flatMap((part, index) => (index === 0 ? [sql.raw(part)] : [sql`${values[index - 1]}`, sql.raw(part)])),
    sql.raw(''),
  );
}

/**
 * The first of so many places in a row. Other gateways wait for the end of the transaction: places have the order in which
 * records can be read, and none is left out.
 */
async function takePlaces(tx: Db, count: number): Promise<number> {
  const { rows } = await sql<{ last: number }>`update audit_place set last = last + ${count} returning last`.execute(tx);
  const last = rows[0]?.last;
  if (last === undefined) throw new Fault('storage.unavailable', { detail: 'the table audit_place is empty' });
  return last - count + 1;
}

async function insertRecords(tx: Db, { writer, place }: { readonly writer: string; readonly place: number }, rows: readonly ChainRow[]): Promise<void> {
  const values = rows.map(
    ({ seq, text, hash, columns: c }, index) =>
      sql`(${sql.join([place + index, writer, seq, c.atMs, c.kind, c.callId, c.principal, c.credential, c.endpoint, c.server, c.tool, c.method, c.outcome, c.effect, c.action, c.subject, text, hash])})`,
  );
  await sql`insert into audit_record (position, writer, seq, at_ms, kind, call_id, principal, credential, endpoint, server, tool, method, outcome, effect, action, subject, text, hash) values ${sql.join(values)}`.execute(
    tx,
  );
  const payloads = rows.flatMap(({ seq, columns, payload }) =>
    payload === undefined ? [] : [sql`(${sql.join([writer, seq, columns.atMs, payload.arguments, payload.result])})`],
  );
  if (payloads.length > 0) await sql`insert into audit_payload (writer, seq, at_ms, arguments, result) values ${sql.join(payloads)}`.execute(tx);
}

async function insertCheckpoint(tx: Db, { writer, seq, hash, atMs, signature }: SignedHead): Promise<void> {
  await sql`insert into audit_checkpoint (writer, seq, hash, at_ms, signature) values (${writer}, ${seq}, ${hash}, ${atMs}, ${signature}) on conflict do nothing`.execute(
    tx,
  );
}
