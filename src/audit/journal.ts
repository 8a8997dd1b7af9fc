/**
 * What is recorded on its way to the store: taken off the message path, written in batches.
 *
 * Buffered (the default): at most one interval of records is lost when the process dies. Strict: an intent is in the
 * store before its call goes to a server, or the call is refused (AU-02); calls that arrive together share one commit.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { type AdminEventRecord, type CallRecord, isCallRecord, type KeepingRecord } from './audit-record.ts';
import type { AuditStore, PendingRecord } from './audit-store.ts';

export type AuditMode = 'buffered' | 'strict';

export interface JournalOptions {
  readonly store: Pick<AuditStore, 'append'>;
  readonly mode: AuditMode;
  readonly clock: Clock;
  readonly flushMs: number;
  /** So many wait at most; more are lost and counted. */
  readonly queuedMax: number;
  /** Takes secrets that are known by value out of a text. */
  readonly clean: (text: string) => string;
  /** Hears once of each run of failures, and of each end of one. */
  readonly report: (problem: string) => void;
}

/** A record with the payloads that are to be kept. */
export interface JournalEntry {
  record: CallRecord;
  arguments: string | undefined;
  isArgumentsCut: boolean;
  result: string | undefined;
  isResultCut: boolean;
  /** On its way into the store: from then on it can only be followed by another. */
  isTaken: boolean;
}

export interface JournalState {
  readonly mode: AuditMode;
  readonly queued: number;
  /** Since the start. */
  readonly lost: number;
  readonly lastError: string | undefined;
}

type Queued = JournalEntry | { readonly record: AdminEventRecord | KeepingRecord; isTaken: boolean };

/** Batches are at most so long, so that one write never holds up the others for long. */
const BATCH_MAX = 5_000;
/** Enough to ride out a full disk for a while without filling the memory with payloads. */
const QUEUED_BYTES_MAX = 64 << 20;

export class Journal {
  readonly #options: JournalOptions;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #lost = 0;
  #lostUntold = 0;
  #lastError: string | undefined;
  #timer: CancelTimer | undefined;
  #flushing: Promise<void> | undefined;
  /** Strict: who waits for what is in the queue now. */
  #waiting: PromiseWithResolvers<void> | undefined;
  #isClosed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  get state(): JournalState {
    return { mode: this.#options.mode, queued: this.#queue.length, lost: this.#lost, lastError: this.#lastError };
  }

  /** Before a call goes to its server: undefined or resolved, it may go. Rejects with `gateway.audit_unavailable`. */
  intent(entry: JournalEntry): Promise<void> | undefined {
    if (!this.#add(entry)) return this.#options.mode === 'strict' ? Promise.reject(unavailable('the queue is full')) : undefined;
    if (this.#options.mode === 'buffered') return undefined;
    this.#waiting ??= Promise.withResolvers();
    const { promise } = this.#waiting;
    void this.#flush();
    return promise;
  }

  /** The end of a call, or a request that never had an intent. `intent`: the entry of its intent. */
  outcome(entry: JournalEntry, intent: JournalEntry | undefined): void {
    if (intent !== undefined && !intent.isTaken) {
      // Both in one: the intent was not written yet.
      this.#queuedBytes += bytesOf(entry) - bytesOf(intent);
      Object.assign(intent, { ...entry, record: { ...entry.record, kind: 'call' } });
    } else this.#add(entry);
  }

  /** Of the admin API or about the record itself. */
  add(record: AdminEventRecord | KeepingRecord | CallRecord): void {
    if (!isCallRecord(record)) this.#add({ record, isTaken: false });
    else this.#add({ record, arguments: undefined, isArgumentsCut: false, result: undefined, isResultCut: false, isTaken: false });
  }

  /** Resolves when all that was added by now is in the store, or the store refused. */
  async settle(): Promise<void> {
    await this.#flushing;
    while (this.#queue.length > 0) {
      const before = this.#queue.length;
      await this.#flush();
      if (this.#queue.length >= before) return;
    }
  }

  async close(): Promise<void> {
    await this.settle();
    this.#timer?.();
    this.#isClosed = true;
    if (this.#queue.length > 0) this.#options.report(`${this.#queue.length} records could not be written before the end`);
  }

  #add(queued: Queued): boolean {
    if (this.#isClosed || this.#queue.length >= this.#options.queuedMax || this.#queuedBytes > QUEUED_BYTES_MAX) {
      if (this.#lostUntold === 0) this.#options.report('records are lost: the store does not keep up');
      this.#lost++;
      this.#lostUntold++;
      return false;
    }
    this.#queue.push(queued);
    this.#queuedBytes += bytesOf(queued);
    this.#timer ??= this.#options.clock.after(this.#options.flushMs, () => {
      this.#timer = undefined;
      void this.#flush();
    });
    return true;
  }

  /** One write at a time; strict mode goes on while somebody waits. */
  #flush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined;
      if (this.#waiting !== undefined) void this.#flush();
      else if (this.#queue.length > 0) this.#again();
    });
    return this.#flushing;
  }

  #again(): void {
    this.#timer ??= this.#options.clock.after(this.#options.flushMs, () => {
      this.#timer = undefined;
      void this.#flush();
    });
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const batch = waiting === undefined ? this.#queue.slice(0, BATCH_MAX) : this.#queue.slice();
    if (batch.length === 0) {
      waiting?.resolve();
      return;
    }
    const pending = batch.map((queued) => this.#toPending(queued));
    const lost = this.#lostUntold;
    if (lost > 0) pending.push({ record: JSON.stringify({ kind: 'loss', atMs: this.#options.clock.nowMs(), detail: { records: lost } }) });
    try {
      await this.#options.store.append(pending);
    } catch (thrown) {
      this.#failed(thrown, waiting);
      return;
    }
    if (this.#lastError !== undefined) this.#options.report('records are written again');
    this.#lastError = undefined;
    this.#lostUntold -= lost;
    this.#remove(new Set(batch));
    waiting?.resolve();
  }

  /** What nobody waits for stays and is tried again; refused calls leave their intents behind. */
  #failed(thrown: unknown, waiting: PromiseWithResolvers<void> | undefined): void {
    const { detail, message } = toFault(thrown);
    const problem = thrown instanceof Fault ? (detail ?? message) : thrown instanceof Error ? thrown.message : String(thrown);
    if (this.#lastError === undefined) this.#options.report(`records cannot be written: ${problem}`);
    this.#lastError = problem;
    if (waiting === undefined) return;
    this.#remove(new Set(this.#queue.filter(({ record, isTaken }) => isTaken && record.kind === 'intent')));
    waiting.reject(unavailable(problem));
  }

  #remove(gone: ReadonlySet<Queued>): void {
    this.#queue = this.#queue.filter((queued) => {
      if (gone.has(queued)) this.#queuedBytes -= bytesOf(queued);
      return !gone.has(queued);
    });
  }

  #toPending(queued: Queued): PendingRecord {
    queued.isTaken = true;
    const { clean } = this.#options;
    const record = clean(JSON.stringify(queued.record));
    if (!('result' in queued)) return { record };
    const { isArgumentsCut, isResultCut, result } = queued;
    return { record, arguments: queued.arguments && clean(queued.arguments), isArgumentsCut, result: result && clean(result), isResultCut };
  }
}

function bytesOf(queued: Queued): number {
  return 'result' in queued ? (queued.arguments?.length ?? 0) + (queued.result?.length ?? 0) : 0;
}

function unavailable(detail: string): Fault {
  return new Fault('gateway.audit_unavailable', { detail });
}
