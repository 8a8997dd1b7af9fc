/** Where records are kept: what the journal and the admin API ask of a store, whichever database it is. */
import type { AuditColumns, RecordKind } from './audit-record.ts';
import type { SignedHead } from './chain.ts';
import type { RecordPack } from './record-pack.ts';

export interface StoredRecord {
  /** Rises with every record of the store, whoever wrote it. */
  readonly position: number;
  readonly writer: string;
  readonly seq: number;
  /** JSON of an AuditRecord: what the chain covers. */
  readonly text: string;
  readonly hash: string;
}

export interface Payload {
  readonly arguments: string | null;
  readonly result: string | null;
}

export interface RecordQuery {
  /** Only records before this position; undefined: from the newest on. */
  readonly beforePosition?: number | undefined;
  readonly limit: number;
  /** One of these; undefined: anybody. */
  readonly principals?: readonly string[] | undefined;
  readonly credential?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly method?: string | undefined;
  /** `failed`: whatever is not `ok`. */
  readonly outcome?: string | undefined;
  readonly effect?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly callId?: string | undefined;
  readonly kinds?: readonly RecordKind[] | undefined;
  /** Only what was sent to servers: it has the name of one. */
  readonly isForServers?: boolean | undefined;
  /** Wall clock, from (with) and to (without). */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** A record as verification reads it: with all that must agree with its text. */
export interface ScannedRecord extends StoredRecord {
  readonly columns: AuditColumns;
  /** Undefined where none is there. */
  readonly payload: Payload | undefined;
}

export interface ScanRange {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

export interface AuditStore {
  /**
   * Adds to the chain in their order, all or nothing; once it resolves the records survive the end of the process.
   * Rejects where that cannot be. Until it settles nobody changes the packs: they may be read late.
   */
  append(packs: readonly RecordPack[]): Promise<void>;
  /** Newest first. */
  find(query: RecordQuery): Promise<readonly StoredRecord[]>;
  payloadAt(position: number): Promise<Payload | undefined>;
  /** Calls of this writer with an intent and nothing after it. */
  openIntents(): Promise<readonly string[]>;
  /** In the order of positions, with the record before the range first where there is one. */
  scan(range: ScanRange): AsyncIterable<ScannedRecord>;
  /** Of all chains in the store. */
  checkpoints(): Promise<readonly SignedHead[]>;
  /** PEM of the public keys of all writers that made theirs known, by writer. Absent where there is one writer alone. */
  publicKeys?(): Promise<ReadonlyMap<string, string>>;
  /** The last head as it was kept apart; undefined where there is none, `unreadable` where it is none. */
  head(): Promise<SignedHead | 'unreadable' | undefined>;
  /** Damage below the records: of the database's own making, and of places that the chain does not cover. */
  damage(): Promise<readonly string[]>;
  /** Deletes payloads and whole months that are older, and leaves records that say so. */
  retain(before: { readonly payloadsMs: number | undefined; readonly recordsMs: number | undefined; readonly nowMs: number }): Promise<void>;
  /** Highest number of an admin event that is in the chain; 0 where none is. */
  lastAdminEvent(): Promise<number>;
  close(): Promise<void>;
}
