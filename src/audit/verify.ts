/**
 * Checks the record (AU-03): every text against its hash, every hash against the one before, columns and payloads
 * against the text, checkpoints and the last head against their signatures. It goes on after a finding, so that one
 * place does not hide another.
 */
import type { KeyObject } from 'node:crypto';
import { type AdminEventRecord, type AuditColumns, type AuditRecord, type CallRecord, columnsOf, isCallRecord, type KeptText } from './audit-record.ts';
import type { AuditStore, ScannedRecord, ScanRange } from './audit-store.ts';
import { digestOf, GENESIS, linkOf, type SignedHead } from './chain.ts';
import { goneUpTo } from './keeping-detail.ts';
import { isSignedBy, readPublicKey } from './signing.ts';

export type FindingKind =
  | 'edited'
  | 'missing'
  | 'reordered'
  | 'truncated'
  | 'signature_invalid'
  | 'key_unknown'
  | 'payload_edited'
  | 'payload_missing'
  | 'admin_edited'
  | 'admin_missing'
  | 'store_damaged';

export interface Finding {
  readonly kind: FindingKind;
  readonly writer: string | null;
  readonly seq: number | null;
  readonly message: string;
}

export interface VerifyReport {
  readonly records: number;
  readonly checkpoints: number;
  readonly intents: number;
  readonly outcomes: number;
  readonly unknown: number;
  /** Gateways whose signatures nobody here can check: they never made their key known. */
  readonly unverifiedWriters: number;
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  readonly findings: readonly Finding[];
}

export interface VerifyOptions extends ScanRange {
  /** PEM of the key that heads must be signed with. */
  readonly publicKey: string;
  /** Admin events as their own table has them, by number. */
  readonly adminEvents: (seqs: readonly number[]) => Promise<ReadonlyMap<number, string>>;
  /** How many there are in that table up to the last that is in the chain. */
  readonly adminEventCount: (lastSeq: number) => Promise<number>;
}

/** What one writer's chain looks like so far. */
interface Chain {
  seq: number;
  hash: string;
  position: number;
}

const ADMIN_BATCH = 200;

/** An event of the admin API as the chain holds it. */
export function adminText({
  seq,
  atMs,
  principal,
  action,
  subject,
  outcome,
  detail,
}: Omit<AdminEventRecord, 'kind' | 'eventSeq'> & { readonly seq: number }): string {
  const record: AdminEventRecord = { kind: 'admin', atMs, eventSeq: seq, principal, action, subject, outcome, detail };
  return JSON.stringify(record);
}

/** Reads all of the range; never throws for what it finds. */
export async function verifyAudit(store: Pick<AuditStore, 'scan' | 'checkpoints' | 'publicKeys' | 'head' | 'damage'>, options: VerifyOptions): Promise<VerifyReport> {
  const check = new Verification(options);
  for (const problem of await store.damage()) check.found('store_damaged', null, problem);
  const checkpoints = await store.checkpoints();
  const head = await store.head();
  check.expectHeads(checkpoints, head, await store.publicKeys?.());
  for await (const row of store.scan(options)) {
    check.row(row);
    if (check.pendingAdmin.length >= ADMIN_BATCH) await check.adminEvents();
  }
  await check.adminEvents();
  await check.finish(checkpoints, head);
  return { ...check.counts, unverifiedWriters: check.unverifiedWriters.size, checkpoints: checkpoints.length, findings: check.findings };
}

class Verification {
  readonly findings: Finding[] = [];
  readonly counts = { records: 0, intents: 0, outcomes: 0, unknown: 0, firstMs: undefined as number | undefined, lastMs: undefined as number | undefined };
  readonly unverifiedWriters = new Set<string>();
  readonly pendingAdmin: { readonly seq: number; readonly eventSeq: number; readonly text: string }[] = [];
  readonly #options: VerifyOptions;
  readonly #chains = new Map<string, Chain>();
  /** Hashes that signed heads name, by writer and number. */
  readonly #expected = new Map<string, string>();
  readonly #missingPayloads = new Map<string, number[]>();
  /** Payloads up to this number may be gone, by writer. */
  readonly #purged = new Map<string, number>();
  #adminEvents = 0;
  #lastAdminEvent = 0;
  /** Known where there may be others. */
  #ownWriter: string | undefined;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  found(kind: FindingKind, at: { readonly writer: string; readonly seq: number } | null, message: string): void {
    this.findings.push({ kind, writer: at?.writer ?? null, seq: at?.seq ?? null, message });
  }

  /** `published`: keys of other writers; undefined where there are none. */
  expectHeads(checkpoints: readonly SignedHead[], head: SignedHead | 'unreadable' | undefined, published?: ReadonlyMap<string, string>): void {
    const own = readPublicKey(this.#options.publicKey);
    if (own === undefined) this.found('key_unknown', null, 'the public key is no Ed25519 key');
    if (head === 'unreadable') this.found('signature_invalid', null, 'the head that is kept apart cannot be read');
    if (published !== undefined) this.#ownWriter = own?.writer;
    const kept = typeof head === 'object' ? head : undefined;
    const others = new Map([...(published ?? [])].filter(([writer]) => writer !== kept?.writer).map(([writer, pem]) => [writer, readPublicKey(pem)]));
    const mustBeKnown = (writer: string): boolean => published === undefined || writer === kept?.writer || others.has(writer);
    for (const one of kept === undefined ? checkpoints : [...checkpoints, kept]) {
      this.#expected.set(`${one.writer} ${one.seq}`, one.hash);
      const key = one.writer === own?.writer ? own : others.get(one.writer);
      if (key?.writer === one.writer) this.#signature(one, key.key);
      else if (!mustBeKnown(one.writer)) this.unverifiedWriters.add(one.writer);
      else if (own !== undefined) this.found('key_unknown', one, 'signed by another key than the one given');
    }
  }

  #signature(head: SignedHead, key: KeyObject): void {
    if (!isSignedBy(head, key)) this.found('signature_invalid', head, 'the signature of the checkpoint does not fit');
  }

  row(row: ScannedRecord): void {
    const chain = this.#chains.get(row.writer);
    if (chain === undefined) this.#begin(row);
    else this.#follow(row, chain);
    const expected = this.#expected.get(`${row.writer} ${row.seq}`);
    if (expected !== undefined && expected !== row.hash) this.found('edited', row, 'the hash is not the one that was signed');
    this.#content(row);
  }

  /** The first row: the beginning of the chain, or of what was asked for. */
  #begin(row: ScannedRecord): void {
    const isStart = row.seq === 1;
    if (isStart && linkOf(GENESIS, 1, row.text) !== row.hash) this.found('edited', row, 'the text does not fit its hash');
    this.#chains.set(row.writer, { seq: row.seq, hash: row.hash, position: row.position });
    if (!isStart && this.#options.fromMs === undefined) this.#gaps.push({ row, message: `the records before number ${row.seq} are gone, and nothing says that they were deleted` });
  }

  /** Rows before which something is gone: a tombstone must say so. */
  readonly #gaps: { readonly row: ScannedRecord; readonly message: string }[] = [];
  readonly #tombstones: { readonly writer: string; readonly seq: number; readonly hash: string }[] = [];

  #follow(row: ScannedRecord, chain: Chain): void {
    if (row.seq <= chain.seq) this.found('reordered', row, `number ${row.seq} stands after ${chain.seq}`);
    else if (row.seq > chain.seq + 1) this.#gaps.push({ row, message: `${row.seq - chain.seq - 1} records before it are gone` });
    else if (linkOf(chain.hash, row.seq, row.text) !== row.hash) this.found('edited', row, 'text or hash was changed');
    if (row.position <= chain.position) this.found('reordered', row, 'its position is not behind the one before');
    Object.assign(chain, { seq: row.seq, hash: row.hash, position: row.position });
  }

  #content(row: ScannedRecord): void {
    this.counts.records++;
    let record: AuditRecord;
    try {
      record = JSON.parse(row.text) as AuditRecord;
      const columns = columnsOf(record);
      if (COLUMNS.some((name) => columns[name] !== row.columns[name])) this.found('edited', row, 'what it is found by does not fit its text');
    } catch {
      this.found('edited', row, 'the text is no record');
      return;
    }
    this.counts.firstMs ??= record.atMs;
    this.counts.lastMs = record.atMs;
    if (isCallRecord(record)) this.#call(row, record);
    else if (record.kind === 'admin' && Number.isSafeInteger(record.eventSeq)) this.pendingAdmin.push({ seq: row.seq, eventSeq: record.eventSeq, text: row.text });
    else if (record.kind === 'purge' || record.kind === 'tombstone') this.#kept(row, record.kind);
  }

  /** What is gone of this chain, and of those of other gateways. */
  #kept(row: ScannedRecord, kind: 'purge' | 'tombstone'): void {
    for (const { writer, seq, hash } of goneUpTo(row)) {
      if (kind === 'purge') this.#purged.set(writer, Math.max(this.#purged.get(writer) ?? 0, seq));
      else if (hash !== undefined) this.#tombstones.push({ writer, seq, hash });
    }
  }

  #call(row: ScannedRecord, record: CallRecord): void {
    this.#count(record);
    for (const [kept, text] of [
      [record.keptArguments, row.payload?.arguments],
      [record.keptResult, row.payload?.result],
    ] as const) {
      if (kept === undefined && typeof text === 'string') this.found('payload_edited', row, 'a payload that was not recorded');
      if (kept === undefined) continue;
      if (typeof text !== 'string') this.#missingPayloads.set(row.writer, [...(this.#missingPayloads.get(row.writer) ?? []), row.seq]);
      else if (digestOf(text) !== (kept as KeptText | null)?.sha256) this.found('payload_edited', row, 'arguments or result were changed');
    }
  }

  #count({ kind, isDispatched }: CallRecord): void {
    const isBoth = kind === 'call' && isDispatched === true;
    if (kind === 'intent' || isBoth) this.counts.intents++;
    if (kind === 'outcome' || isBoth) this.counts.outcomes++;
    if (kind === 'unknown') this.counts.unknown++;
  }

  async adminEvents(): Promise<void> {
    const pending = this.pendingAdmin.splice(0);
    if (pending.length === 0) return;
    const stored = await this.#options.adminEvents(pending.map(({ eventSeq }) => eventSeq));
    for (const { seq, eventSeq, text } of pending) {
      this.#adminEvents++;
      this.#lastAdminEvent = Math.max(this.#lastAdminEvent, eventSeq);
      const now = stored.get(eventSeq);
      if (now === undefined) this.findings.push({ kind: 'admin_missing', writer: null, seq, message: `admin event ${eventSeq} is gone from its table` });
      else if (now !== text) this.findings.push({ kind: 'admin_edited', writer: null, seq, message: `admin event ${eventSeq} was changed in its table` });
    }
  }

  async finish(checkpoints: readonly SignedHead[], head: SignedHead | 'unreadable' | undefined): Promise<void> {
    for (const { row, message } of this.#gaps) {
      const isExplained = this.#tombstones.some(({ seq, hash }) => seq === row.seq - 1 && linkOf(hash, row.seq, row.text) === row.hash);
      if (!isExplained) this.found('missing', row, message);
    }
    for (const [writer, seqs] of this.#missingPayloads) {
      const purged = this.#purged.get(writer) ?? 0;
      for (const seq of seqs) if (seq > purged) this.found('payload_missing', { writer, seq }, 'arguments or result are gone before their time');
    }
    if (this.#options.toMs === undefined) this.#ends(checkpoints, head);
    // A whole check knows how many there must be; what was added to the table by hand is in no chain.
    if (this.#options.fromMs === undefined && this.#options.toMs === undefined && this.#tombstones.length === 0) {
      const count = await this.#options.adminEventCount(this.#lastAdminEvent);
      if (count > this.#adminEvents) this.found('admin_edited', null, `${count - this.#adminEvents} admin events are in their table but not in the chain`);
    }
  }

  #ends(checkpoints: readonly SignedHead[], head: SignedHead | 'unreadable' | undefined): void {
    if (head === undefined && this.#hasOwn(checkpoints)) this.found('truncated', null, 'the head that is kept apart is gone');
    for (const one of typeof head === 'object' ? [...checkpoints, head] : checkpoints) {
      const end = this.#endOf(one.writer);
      if (end < one.seq) this.found('truncated', one, `the chain ends at ${end}, but ${one.seq} was signed`);
    }
  }

  /** Whether there is anything of the gateway that verifies. One of several may be new. */
  #hasOwn(checkpoints: readonly SignedHead[]): boolean {
    if (this.#ownWriter === undefined) return checkpoints.length > 0 || this.counts.records > 0;
    return this.#chains.has(this.#ownWriter) || checkpoints.some(({ writer }) => writer === this.#ownWriter);
  }

  /** A gateway that wrote nothing in what was asked for, or nothing since a month that is gone, has its end before it. */
  #endOf(writer: string): number {
    const chain = this.#chains.get(writer);
    if (chain !== undefined) return chain.seq;
    if (this.#options.fromMs !== undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, ...this.#tombstones.filter((tombstone) => tombstone.writer === writer).map(({ seq }) => seq));
  }
}

const COLUMNS = ['atMs', 'kind', 'callId', 'principal', 'credential', 'endpoint', 'server', 'tool', 'method', 'outcome', 'effect', 'action', 'subject'] as const satisfies readonly (keyof AuditColumns)[];
