import { isCallRecord, type AuditRecord as Stored } from '../../audit/audit-record.ts';
import type { StoredRecord } from '../../audit/audit-store.ts';
import { toIso } from '../../base/clock.ts';
import type { AuditRecord } from '../../contract/audit.ts';
import { showRequest } from '../recorded-request.ts';

/** A record as the admin API shows it: what its kind has none of is null. */
export function showRecord({ position, writer, seq, text, hash }: StoredRecord): AuditRecord {
  const record = JSON.parse(text) as Stored;
  const place = { position, writer, seq, hash };
  const none = { callId: null, argumentsDigest: null, resultDigest: null, action: null, subject: null, detail: {} };
  if (record.kind === 'admin') {
    const { principal, action, subject, outcome, detail, atMs } = record;
    const request = showRequest({ kind: 'call', id: '', atMs, outcome });
    return {
      ...place,
      ...none,
      ...request,
      kind: 'admin',
      principal: { kind: kindOf(principal), id: principal, name: principal },
      action,
      subject,
      detail: { ...detail },
    };
  }
  if (!isCallRecord(record)) {
    const { kind, atMs, detail } = record;
    return { ...place, ...none, ...showRequest({ kind: 'call', id: '', atMs }), at: toIso(atMs), kind, detail: { ...detail } };
  }
  return {
    ...place,
    ...none,
    ...showRequest(record),
    kind: record.kind,
    callId: record.id,
    argumentsDigest: record.argumentsDigest ?? null,
    resultDigest: record.resultDigest ?? null,
  };
}

/** Ids of principals begin with their kind. */
function kindOf(principal: string): string {
  return principal.split(':', 1)[0] ?? principal;
}
