/**
 * What is recorded on its way to the store: taken off the message path, written in batches.
 *
 * Buffered (the default): at most one interval of records is lost when the process dies. Strict: an intent is in the
 * store before its call goes to a server, or the call is refused (AU-02); calls that arrive together share one commit.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { RecentTable } from '../base/recent-table.ts';
import type { AdminEventRecord, CallRecord, KeepingRecord } from './audit-record.ts';
import type { AuditStore } from './audit-store.ts';
import { type PendingRecord, RecordPack } from './record-pack.ts';

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

/** A call at its server. Its intent is made only where it is written before the call ends. */
export interface UnderWay {
  /** Where the journal has it. */
  place: number;
  /** Its intent is on its way into the store: its end is a record of its own. */
  isTaken: boolean;
  toIntent(): PendingRecord;
}

export interface JournalState {
  readonly mode: AuditMode;
  readonly queued: number;
  /** Since the start. */
  readonly lost: number;
  readonly lastError: string | undefined;
}

/** Writes are of at most so many, so that one never holds up the others for long. */
const BATCH_MAX = 5_000;
/** So many do not wait for the interval to end. */
const EARLY_RECORDS = 1_000;
/** Enough to ride out a full disk for a while without filling the memory. */
const QUEUED_BYTES_MAX = 64 << 20;
/** Empty packs that are kept, of at most 4 MiB each: their blocks lie outside the heap and would stay there until all garbage is collected. */
const SPARES_MAX = 4;

export class Journal {
  readonly #options: JournalOptions;
  /** Oldest first; more is added to the last one only, which is not being written. */
  readonly #packs: RecordPack[] = [];
  readonly #spares: RecordPack[] = [];
  readonly #underWay = new RecentTable<UnderWay>();
  #begun = 0;
  /** Strict: intents whose calls wait for them. They go with the next write or not at all. */
  #awaited: RecordPack | undefined;
  #isWriting = false;
  #queued = 0;
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
    return { mode: this.#options.mode, queued: this.#queued, lost: this.#lost, lastError: this.#lastError };
  }

  /** A call goes to its server: undefined or resolved, it may. Rejects with `gateway.audit_unavailable`. */
  begin(call: UnderWay): Promise<void> | undefined {
    if (this.#options.mode === 'buffered') {
      call.place = ++this.#begun;
      this.#underWay.add(call.place, call);
      this.#soon();
      return undefined;
    }
    if (!this.#mayAdd()) return Promise.reject(unavailable('the queue is full'));
    call.isTaken = true;
    this.#awaited ??= this.#spares.pop() ?? new RecordPack();
    this.#addTo(this.#awaited, call.toIntent());
    this.#waiting ??= Promise.withResolvers();
    const { promise } = this.#waiting;
    void this.#flush();
    return promise;
  }

  /** The end of a request. `call`: what began, undefined where it went to no server. */
  end(record: PendingRecord, call: UnderWay | undefined): void {
    if (call !== undefined && !call.isTaken) this.#underWay.delete(call.place);
    this.#add(record);
  }

  /** Of the admin API or about the record itself. */
  add(record: AdminEventRecord | KeepingRecord | CallRecord): void {
    this.#add({ record: this.#options.clean(JSON.stringify(record)) });
  }

  /** Resolves when all that was added by now is in the store, or the store refused. */
  async settle(): Promise<void> {
    await this.#flushing;
    this.#takeIntents();
    while (this.#queued > 0) {
      const before = this.#queued;
      await this.#flush();
      if (this.#queued >= before) return;
    }
  }

  async close(): Promise<void> {
    await this.settle();
    this.#timer?.();
    this.#isClosed = true;
    if (this.#queued > 0) this.#options.report(`${this.#queued} records could not be written before the end`);
  }

  get #hasRoom(): boolean {
    return !this.#isClosed && this.#queued < this.#options.queuedMax && this.#queuedBytes <= QUEUED_BYTES_MAX;
  }

  #add(record: PendingRecord): void {
    if (this.#mayAdd()) this.#push(record);
  }

  /** What there is no room for is counted. */
  #mayAdd(): boolean {
    if (this.#hasRoom) return true;
    if (this.#lostUntold === 0) this.#options.report('records are lost: the store does not keep up');
    this.#lost++;
    this.#lostUntold++;
    return false;
  }

  #push(record: PendingRecord): void {
    this.#addTo(this.#openPack(), record);
    if (this.#queued >= EARLY_RECORDS && this.#flushing === undefined && this.#lastError === undefined) void this.#flush();
    else this.#soon();
  }

  #openPack(): RecordPack {
    const last = this.#packs.at(-1);
    if (last !== undefined && last.count < BATCH_MAX && !(this.#isWriting && this.#packs.length === 1)) return last;
    const opened = this.#spares.pop() ?? new RecordPack();
    this.#packs.push(opened);
    return opened;
  }

  #addTo(pack: RecordPack, record: PendingRecord): void {
    const before = pack.byteLength;
    pack.add(record);
    this.#queued++;
    this.#queuedBytes += pack.byteLength - before;
  }

  /** Calls that go on for longer than an interval have an intent of their own. Where there is no room, they wait for it: their end will say all. */
  #takeIntents(): void {
    if (this.#underWay.size === 0) return;
    for (const call of this.#underWay.values().sort((one, other) => one.place - other.place)) {
      if (!this.#hasRoom) return;
      this.#underWay.delete(call.place);
      call.isTaken = true;
      this.#push(call.toIntent());
    }
  }

  /** One write at a time; strict mode goes on while somebody waits. */
  #flush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined;
      if (this.#waiting !== undefined) void this.#flush();
      else if (this.#queued > 0) this.#soon();
    });
    return this.#flushing;
  }

  #soon(): void {
    this.#timer ??= this.#options.clock.after(this.#options.flushMs, () => {
      this.#timer = undefined;
      this.#takeIntents();
      void this.#flush();
    });
  }

  /** The oldest pack, or nothing where there is none; with it the intents that calls wait for. */
  async #write(): Promise<void> {
    const waiting = this.#waiting;
    const awaited = this.#awaited;
    this.#waiting = undefined;
    this.#awaited = undefined;
    const oldest = this.#packs[0];
    const packs = [oldest, awaited].filter((pack) => pack !== undefined);
    if (packs.length === 0) {
      waiting?.resolve();
      return;
    }
    const lost = this.#lostUntold;
    const loss = lost === 0 ? [] : [RecordPack.of([{ record: JSON.stringify({ kind: 'loss', atMs: this.#options.clock.nowMs(), detail: { records: lost } }) }])];
    this.#isWriting = oldest !== undefined;
    try {
      await this.#options.store.append([...packs, ...loss]);
    } catch (thrown) {
      this.#failed(thrown, awaited, waiting);
      return;
    } finally {
      this.#isWriting = false;
    }
    if (this.#lastError !== undefined) this.#options.report('records are written again');
    this.#lastError = undefined;
    this.#lostUntold -= lost;
    if (oldest !== undefined) this.#packs.shift();
    for (const pack of packs) this.#forget(pack);
    waiting?.resolve();
  }

  /** What nobody waits for stays and is tried again; refused calls leave their intents behind. */
  #failed(thrown: unknown, awaited: RecordPack | undefined, waiting: PromiseWithResolvers<void> | undefined): void {
    const { detail, message } = toFault(thrown);
    const problem = thrown instanceof Fault ? (detail ?? message) : thrown instanceof Error ? thrown.message : String(thrown);
    if (this.#lastError === undefined) this.#options.report(`records cannot be written: ${problem}`);
    this.#lastError = problem;
    if (awaited !== undefined) this.#forget(awaited);
    waiting?.reject(unavailable(problem));
  }

  #forget(pack: RecordPack): void {
    this.#queued -= pack.count;
    this.#queuedBytes -= pack.byteLength;
    pack.clear();
    if (this.#spares.length < SPARES_MAX) this.#spares.push(pack);
  }
}

function unavailable(detail: string): Fault {
  return new Fault('gateway.audit_unavailable', { detail });
}
