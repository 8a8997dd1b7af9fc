/**
 * The record put together: where it is kept, who writes it, and what is done from time to time: admin events join the
 * chain, the ledger is written, what is old is deleted.
 */
import type { HttpRequest } from '../base/http.ts';
import type { CallFigures } from '../audit/audit-record.ts';
import type { AuditStore } from '../audit/audit-store.ts';
import { Journal } from '../audit/journal.ts';
import { Ledger } from '../audit/ledger.ts';
import { LiveFeed } from '../audit/live-feed.ts';
import { openSigningKey, type SigningKey } from '../audit/signing.ts';
import { TrafficStats } from '../audit/traffic-stats.ts';
import { createWriterThread } from './audit-writer.ts';
import type { InstanceKey } from '../auth/instance-key.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { createKeyedDigest, type KeyedDigest } from '../base/keyed-digest.ts';
import { createIdSequence, type RandomBytes } from '../base/ids.ts';
import type { Recordings } from '../control-plane/recording.ts';
import { type CallRecorder, createCallRecorder } from '../data-plane/record-call.ts';
import type { Settings } from '../model/settings.ts';
import { createRedactPayload } from './redact-payload.ts';
import { listAuditEvents } from '../storage/audit-events.ts';
import { PostgresAuditStore } from '../storage/audit-postgres.ts';
import { SqliteAuditStore } from '../storage/audit-sqlite.ts';
import { addToLedger } from '../storage/cost-ledger.ts';
import type { Storage } from '../storage/open-storage.ts';
import { query, transact } from '../storage/transaction.ts';

const FLUSH_MS = 250;
const QUEUED_MAX = 50_000;
const CHORES_MS = 1_000;
const RETAIN_MS = 60 * 60_000;
/** Not amid the start. */
const FIRST_RETAIN_MS = 60_000;
const DAY_MS = 24 * 60 * 60_000;
const WATCHERS_MAX = 100;
const EVENTS_PAGE = 500;

export interface RecordingOptions {
  readonly settings: Pick<Settings, 'data' | 'audit' | 'auditArguments' | 'auditResults' | 'auditPayloadBytesMax'>;
  /** As they are now. */
  readonly retention: () => Pick<Settings, 'auditRetentionDays' | 'trafficRetentionDays'>;
  readonly storage: Storage;
  readonly instanceKey: Pick<InstanceKey, 'sealing' | 'digesting'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly addressOf: (http: HttpRequest) => string;
  /** Takes secrets that are known by value out of a text. */
  readonly clean: (text: string) => string;
  readonly report: (problem: string) => void;
  /** Of several gateways on one database one brings admin events into the chain and deletes what is old; undefined: this one. */
  readonly isLeader?: (() => boolean) | undefined;
}

export interface Recording {
  readonly calls: CallRecorder;
  readonly recordings: Recordings;
  /** After the last request: all that is known is written. */
  readonly close: () => Promise<void>;
}

/** Faults: `storage.secret_unreadable`, `storage.unavailable`. Calls that the last end of the process cut off become `unknown`. */
export async function openRecording(options: RecordingOptions): Promise<Recording> {
  const { settings, clock } = options;
  const key = openSigningKey(settings.data, options.instanceKey.sealing);
  const digest = createKeyedDigest(options.instanceKey.digesting);
  const store = openStore(options, key, digest);
  const journal = new Journal({ store, mode: settings.audit, clock, flushMs: FLUSH_MS, queuedMax: QUEUED_MAX, clean: options.clean, report: options.report });
  const feed = new LiveFeed(WATCHERS_MAX);
  const stats = new TrafficStats();
  const ledger = new Ledger();
  const chores = await startChores({ ...options, store, journal, ledger });
  for (const id of await store.openIntents()) journal.add({ kind: 'unknown', id, atMs: clock.nowMs(), outcome: 'unknown', isDispatched: true });
  const ended = (figures: CallFigures, text: string): void => {
    stats.add(figures);
    if (!ledger.add(figures)) chores.writeLedgerSoon(figures);
    feed.tell(text);
  };
  const calls = createCallRecorder({
    journal,
    nowMs: clock.monotonicMs,
    wallMs: clock.nowMs,
    newId: createIdSequence('ref', options.random),
    addressOf: options.addressOf,
    clean: options.clean,
    cleanName: createCleanName(options.clean, digest),
    digest,
    payloads: { keepsArguments: settings.auditArguments, keepsResults: settings.auditResults, bytesMax: settings.auditPayloadBytesMax },
    ended,
  });
  const settle = async (): Promise<void> => {
    await chores.run();
    await journal.settle();
  };
  return {
    calls,
    recordings: { store, settle, state: () => journal.state, feed, stats, key: { writer: key.writer, publicKey: key.publicKey } },
    close: async () => {
      feed.close();
      await chores.stop();
      await journal.close();
      await store.close();
    },
  };
}

function openStore({ storage, settings, clock, instanceKey }: RecordingOptions, { writer, privateKey, publicKey }: SigningKey, digest: KeyedDigest): AuditStore {
  if (storage.dialect === 'postgres')
    return new PostgresAuditStore({ db: storage.db, folder: settings.data, writer, privateKey, redact: createRedactPayload(digest), nowMs: clock.nowMs, publish: { publicKey, sealing: instanceKey.sealing } });
  const port = createWriterThread({ folder: settings.data, writer, privateKey, digestKey: instanceKey.digesting });
  return new SqliteAuditStore({ folder: settings.data, writer, port });
}

interface ChoreDeps extends RecordingOptions {
  readonly store: AuditStore;
  readonly journal: Journal;
  readonly ledger: Ledger;
}

interface Chores {
  /** Once, now; after the one that runs. */
  readonly run: () => Promise<void>;
  readonly writeLedgerSoon: (figures: CallFigures) => void;
  readonly stop: () => Promise<void>;
}

async function startChores(deps: ChoreDeps): Promise<Chores> {
  const { store, ledger, clock, report } = deps;
  let timer: CancelTimer | undefined;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  let hasFailed = false;
  const follow = followAdminEvents(deps, await store.lastAdminEvent());
  const retain = retainHourly(deps);
  const once = async (): Promise<void> => {
    try {
      await follow();
      await writeLedger(deps);
      if (hasFailed) report('the record is kept up to date again');
      hasFailed = false;
    } catch (thrown) {
      if (!hasFailed) report(`the record is not kept up to date: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      hasFailed = true;
    }
  };
  const run = (): Promise<void> => (running = running.then(once));
  const again = (): void => {
    if (isStopped) return;
    timer = clock.after(CHORES_MS, () => {
      void run()
        .then(() => retain())
        .catch((thrown: unknown) => report(`what is old could not be deleted: ${thrown instanceof Error ? thrown.message : String(thrown)}`))
        .finally(again);
    });
  };
  again();
  return {
    run,
    writeLedgerSoon: (figures) => {
      void run().then(() => ledger.add(figures));
    },
    stop: async () => {
      isStopped = true;
      timer?.();
      await run();
    },
  };
}

/** Each call brings the events since the one before into the chain. */
function followAdminEvents({ storage, journal, store, isLeader = () => true }: ChoreDeps, lastSeq: number): () => Promise<void> {
  let last: number | undefined = lastSeq;
  return async () => {
    if (!isLeader()) {
      last = undefined;
      return;
    }
    // Where another gateway led, its last word counts.
    let after = last ?? (await store.lastAdminEvent());
    last = after;
    for (;;) {
      const events = await query(storage.db, (db) => listAuditEvents(db, { afterSeq: after, limit: EVENTS_PAGE }));
      for (const { seq, atMs, principal, action, subject, outcome, detail } of events) {
        journal.add({ kind: 'admin', atMs, eventSeq: seq, principal, action, subject, outcome, detail });
        after = seq;
        last = seq;
      }
      if (events.length < EVENTS_PAGE) return;
    }
  };
}

async function writeLedger({ ledger, storage }: ChoreDeps): Promise<void> {
  const rows = ledger.take();
  if (rows.length === 0) return;
  try {
    await transact(storage.db, (tx) => addToLedger(tx, rows));
  } catch (thrown) {
    ledger.giveBack(rows);
    throw thrown;
  }
}

/** Asked often, it deletes once an hour. */
function retainHourly({ store, clock, retention, isLeader = () => true }: ChoreDeps): () => Promise<void> {
  let lastMs = clock.nowMs() - RETAIN_MS + FIRST_RETAIN_MS;
  return async () => {
    const nowMs = clock.nowMs();
    if ((nowMs - lastMs < RETAIN_MS && nowMs >= lastMs) || !isLeader()) return;
    lastMs = nowMs;
    const { auditRetentionDays, trafficRetentionDays } = retention();
    await store.retain({ payloadsMs: nowMs - trafficRetentionDays * DAY_MS, recordsMs: nowMs - auditRetentionDays * DAY_MS, nowMs });
  };
}

const NAMES_MAX = 2_000;
const NAME_CHARS_MAX = 1_000;

/** Names repeat: each is looked at once. */
function createCleanName(clean: (text: string) => string, digest: KeyedDigest): (name: string) => string {
  const redact = createRedactPayload(digest);
  const known = new Map<string, string>();
  return (given) => {
    const name = given.length > NAME_CHARS_MAX ? given.slice(0, NAME_CHARS_MAX) : given;
    const before = known.get(name);
    if (before !== undefined) return before;
    const cleaned = redact(clean(name), true).text;
    if (known.size >= NAMES_MAX) known.clear();
    known.set(name, cleaned);
    return cleaned;
  };
}
