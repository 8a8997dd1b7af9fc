/** The record in the data folder, a file a month. A thread writes, so that no call waits for a disk; reading is done here. */
import type Sqlite from 'better-sqlite3';
import type { AuditColumns } from '../audit/audit-record.ts';
import type { AuditStore, Payload, RecordQuery, ScannedRecord, ScanRange, StoredRecord } from '../audit/audit-store.ts';
import type { SignedHead } from '../audit/chain.ts';
import type { RecordPack } from '../audit/record-pack.ts';
import { damageOf } from './audit-damage.ts';
import { listMonths, openForReading } from './audit-file.ts';
import { readHeadFile } from './audit-head-file.ts';
import { toConditions } from './audit-query.ts';
import type { RetainOptions, SqliteAuditWriter } from './audit-sqlite-writer.ts';

/** The writer, wherever it runs. */
export interface WriterPort {
  append(packs: readonly RecordPack[]): Promise<void>;
  /** Resolves when what was appended by now can be read. */
  settle(): Promise<void>;
  retain(options: RetainOptions): Promise<void>;
  /** See AuditStore. Holds up no append. */
  damage(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The writer in this thread: for tests. */
export function directPort(writer: SqliteAuditWriter, folder: string): WriterPort {
  return {
    append: async (packs) => writer.append(packs.map(({ bytes }) => bytes)),
    settle: async () => {
      while (writer.unpack());
    },
    retain: async (options) => writer.retain(options),
    damage: async () => {
      while (writer.unpack());
      return damageOf(folder);
    },
    close: async () => writer.close(),
  };
}

/** Read in one turn. Whoever reads all of the record looks at each, and calls wait for the end of the turn: some milliseconds. */
const SCAN_ROWS = 100;
/** Records of one moment may stand a little apart. */
const CLOCK_SLACK_MS = 60_000;
const RECORD_COLUMNS = 'position, writer, seq, text, hash';
const ALL_COLUMNS = `r.position, r.writer, r.seq, r.text, r.hash, r.at_ms as atMs, r.kind, r.call_id as callId, r.principal, r.credential, r.endpoint, r.server, r.tool, r.method, r.outcome, r.effect, r.action, r.subject, p.position as payloadPosition, p.arguments, p.result`;

type ScanRow = StoredRecord & AuditColumns & Payload & { readonly payloadPosition: number | null };

/** Lets others have their turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class SqliteAuditStore implements AuditStore {
  readonly #folder: string;
  readonly #writer: string;
  readonly #port: WriterPort;
  readonly #open = new Map<string, Sqlite.Database>();

  constructor(options: { readonly folder: string; readonly writer: string; readonly port: WriterPort }) {
    this.#folder = options.folder;
    this.#writer = options.writer;
    this.#port = options.port;
  }

  append(packs: readonly RecordPack[]): Promise<void> {
    return this.#port.append(packs);
  }

  async find(query: RecordQuery): Promise<readonly StoredRecord[]> {
    await this.#port.settle();
    const found: StoredRecord[] = [];
    for (const database of this.#databases().toReversed()) {
      if (found.length >= query.limit) break;
      const bounded = { ...query, ...boundsOf(database, query) };
      const { text, values } = toConditions(bounded, () => '?');
      const statement = database.prepare(`select ${RECORD_COLUMNS} from record ${text} order by position desc limit ?`);
      found.push(...(statement.all(...values, query.limit - found.length) as StoredRecord[]));
    }
    return found;
  }

  async payloadAt(position: number): Promise<Payload | undefined> {
    await this.#port.settle();
    for (const database of this.#databases().toReversed()) {
      const row = database.prepare('select arguments, result from payload where position = ?').get(position) as Payload | undefined;
      if (row !== undefined) return row;
    }
    return undefined;
  }

  async openIntents(): Promise<readonly string[]> {
    await this.#port.settle();
    const ended = new Set<string>();
    const open: string[] = [];
    // A call may have begun in one month and ended in the next; none takes longer.
    for (const database of this.#databases().slice(-2).toReversed()) {
      const rows = database
        .prepare(
          "select call_id as id from record i where kind = 'intent' and writer = ? and not exists (select 1 from record o where o.call_id = i.call_id and o.kind <> 'intent')",
        )
        .all(this.#writer) as { readonly id: string }[];
      open.push(...rows.map(({ id }) => id).filter((id) => !ended.has(id)));
      for (const { id } of database
        .prepare("select call_id as id from record where kind in ('outcome', 'unknown') and call_id is not null")
        .iterate() as Iterable<{ readonly id: string }>)
        ended.add(id);
    }
    return open;
  }

  async *scan({ fromMs, toMs }: ScanRange): AsyncIterable<ScannedRecord> {
    await this.#port.settle();
    const start = fromMs === undefined ? 0 : this.#positionBefore(fromMs);
    for (const month of this.#months()) {
      const database = this.#database(month);
      const statement = database.prepare(
        `select ${ALL_COLUMNS} from record r left join payload p on p.position = r.position where r.position > ? and r.at_ms < ? order by r.position limit ${SCAN_ROWS}`,
      );
      for (let after = start - 1; ; ) {
        const rows = statement.all(after, toMs ?? Number.MAX_SAFE_INTEGER) as ScanRow[];
        for (const row of rows) yield toScanned(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < SCAN_ROWS) break;
        after = last.position;
        await nextTurn();
      }
    }
  }

  async checkpoints(): Promise<readonly SignedHead[]> {
    await this.#port.settle();
    return this.#databases().flatMap(
      (database) => database.prepare('select writer, seq, hash, at_ms as atMs, signature from checkpoint order by position').all() as SignedHead[],
    );
  }

  async head(): Promise<SignedHead | 'unreadable' | undefined> {
    return readHeadFile(this.#folder);
  }

  damage(): Promise<readonly string[]> {
    return this.#port.damage();
  }

  retain(options: RetainOptions): Promise<void> {
    return this.#port.retain(options);
  }

  async lastAdminEvent(): Promise<number> {
    await this.#port.settle();
    for (const database of this.#databases().toReversed()) {
      const row = database.prepare("select json_extract(text, '$.eventSeq') as seq from record where kind = 'admin' order by position desc limit 1").get() as
        | { readonly seq: number }
        | undefined;
      if (row !== undefined) return row.seq;
    }
    return 0;
  }

  async close(): Promise<void> {
    await this.#port.close();
    for (const database of this.#open.values()) database.close();
    this.#open.clear();
  }

  /** The last position before the moment, at least 1. */
  #positionBefore(fromMs: number): number {
    for (const database of this.#databases().toReversed()) {
      const row = database.prepare('select max(position) as position from record where at_ms < ?').get(fromMs) as { readonly position: number | null };
      if (row.position !== null) return row.position;
    }
    return 1;
  }

  #databases(): Sqlite.Database[] {
    return this.#months().map((month) => this.#database(month));
  }

  /** Those that are there now; a month that was deleted is let go. */
  #months(): string[] {
    const months = listMonths(this.#folder);
    for (const [month, database] of this.#open) {
      if (months.includes(month)) continue;
      database.close();
      this.#open.delete(month);
    }
    return months;
  }

  #database(month: string): Sqlite.Database {
    const known = this.#open.get(month);
    if (known !== undefined) return known;
    const opened = openForReading(this.#folder, month);
    this.#open.set(month, opened);
    return opened;
  }
}

/** Times as positions, since records stand in the order of time: an index finds both ends. */
function boundsOf(
  database: Sqlite.Database,
  { fromMs, toMs, beforePosition }: RecordQuery,
): { readonly beforePosition: number | undefined; readonly afterPosition: number | undefined } {
  const at = (ms: number): number | undefined =>
    (database.prepare('select position from record where at_ms >= ? order by at_ms limit 1').get(ms) as { readonly position: number } | undefined)?.position;
  const end = toMs === undefined ? undefined : at(toMs + CLOCK_SLACK_MS);
  // Admin events come into the record somewhat later than they happened: a neighbour in time may stand before.
  const first = (ms: number): number | undefined =>
    (database.prepare('select min(position) as position from (select position from record where at_ms >= ? order by at_ms limit 1000)').get(ms) as { readonly position: number | null } | undefined)?.position ?? undefined;
  const begin = fromMs === undefined ? undefined : (first(fromMs - CLOCK_SLACK_MS) ?? Number.MAX_SAFE_INTEGER);
  return { beforePosition: end === undefined ? beforePosition : Math.min(end, beforePosition ?? end), afterPosition: begin };
}

function toScanned({ position, writer, seq, text, hash, payloadPosition, arguments: given, result, ...columns }: ScanRow): ScannedRecord {
  return { position, writer, seq, text, hash, columns, payload: payloadPosition === null ? undefined : { arguments: given, result } };
}
