/**
 * Whether the record is whole, asked at each start: it may have been cut or edited while no gateway looked. What is
 * found is told loudly; an instance that is set to `refuse` does not start with it.
 */
import type { AuditStore, ScannedRecord, ScanRange } from '../audit/audit-store.ts';
import { adminText, type Finding, verifyAudit } from '../audit/verify.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Base } from './gateway-base.ts';
import { countAuditEvents, findAuditEventsBySeq } from '../storage/audit-events.ts';
import { query } from '../storage/transaction.ts';

/** Beside the work: so many records at a time, then a pause, so that a long record costs a few percent for some minutes. */
const PACE_RECORDS = 500;
const PACE_MS = 50;
const TOLD_MAX = 5;

type Checked = Pick<AuditStore, 'scan' | 'checkpoints' | 'publicKeys' | 'head' | 'damage'>;

/** Rejects with `storage.record_broken` where the record is not whole and the setting says to refuse the start; otherwise it goes on beside the work. */
export async function checkRecord(base: Pick<Base, 'recording' | 'storage' | 'options' | 'telemetry' | 'log' | 'undo'>): Promise<void> {
  const { recording, options, telemetry, log, undo } = base;
  const { store } = recording.recordings;
  const state = { isStopped: false, findings: 0 };
  telemetry.add({ ...BROKEN, kind: 'gauge', read: () => [{ labels: {}, value: state.findings }] });
  undo.push(() => void (state.isStopped = true));
  if (options.resolved.settings.auditOnBroken === 'refuse') {
    const findings = await findingsOf(base, store);
    if (findings.length > 0) throw new Fault('storage.record_broken', { message: `The record is not intact: ${toText(findings)}. See "metamcp audit verify"; METAMCP_AUDIT_ON_BROKEN=warn starts all the same.` });
    return;
  }
  void findingsOf(base, paced(store, options.clock, state)).then(
    (findings) => {
      state.findings = findings.length;
      if (findings.length === 0) return;
      log.error('chain_broken', { detail: toText(findings) });
      options.say(`THE RECORD IS NOT INTACT (chain_broken): ${toText(findings)}`);
    },
    (thrown: unknown) => {
      if (!state.isStopped) log.error('audit', { detail: `the record could not be checked: ${thrown instanceof Error ? thrown.message : String(thrown)}` });
    },
  );
}

const BROKEN = { name: 'metamcp.audit.broken', description: 'What the check of the record at the start found.', unit: '{finding}', openLabels: [] } as const;

async function findingsOf({ recording, storage }: Pick<Base, 'recording' | 'storage'>, store: Checked): Promise<readonly Finding[]> {
  const { recordings } = recording;
  await recordings.settle();
  const report = await verifyAudit(store, {
    publicKey: recordings.key.publicKey,
    adminEvents: async (seqs) => new Map((await query(storage.db, (db) => findAuditEventsBySeq(db, seqs))).map((event) => [event.seq, adminText(event)])),
    adminEventCount: (lastSeq) => query(storage.db, (db) => countAuditEvents(db, lastSeq)),
  });
  return report.findings;
}

function toText(findings: readonly Finding[]): string {
  const told = findings.slice(0, TOLD_MAX).map(({ kind, writer, seq, message }) => `${kind}${seq === null ? '' : ` at ${writer ?? ''}#${seq}`} (${message})`);
  return [...told, ...(findings.length > TOLD_MAX ? [`and ${findings.length - TOLD_MAX} more`] : [])].join('; ');
}

function paced(store: Checked, clock: Clock, state: { readonly isStopped: boolean }): Checked {
  async function* scan(range: ScanRange): AsyncIterable<ScannedRecord> {
    let count = 0;
    for await (const row of store.scan(range)) {
      if (++count % PACE_RECORDS === 0) await sleep(clock, PACE_MS);
      if (state.isStopped) throw new Error('the gateway ends');
      yield row;
    }
  }
  // The database's own check reads all of its files at once; whoever verifies by hand asks for it.
  const { publicKeys } = store;
  return { scan, checkpoints: () => store.checkpoints(), ...(publicKeys && { publicKeys: () => publicKeys.call(store) }), head: () => store.head(), damage: () => Promise.resolve([]) };
}
