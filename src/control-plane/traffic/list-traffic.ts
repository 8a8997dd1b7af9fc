import type { CallRecord } from '../../audit/audit-record.ts';
import type { StoredRecord } from '../../audit/audit-store.ts';
import { ListTraffic, type TrafficCall } from '../../contract/traffic.ts';
import { bindRead } from '../operation.ts';
import { narrowed, showRequest, toRecordQuery, visiblePrincipals } from '../recorded-request.ts';

/** The records that say how a request ended. */
export const ENDED_KINDS = ['call', 'outcome', 'unknown'] as const;

export function showCall(record: CallRecord): TrafficCall {
  return { id: record.id, ...showRequest(record) };
}

export function toCallRecord({ text }: StoredRecord): CallRecord {
  return JSON.parse(text) as CallRecord;
}

export const listTraffic = bindRead(ListTraffic, async ({ query, db, viewer, services }) => {
  const { cursor, limit, calls, principal, ...filter } = query;
  const { store, settle } = services.recordings;
  await settle();
  const found = await store.find({
    ...toRecordQuery(filter),
    principals: narrowed(principal, await visiblePrincipals(db, viewer)),
    kinds: ENDED_KINDS,
    isForServers: calls,
    beforePosition: cursor === undefined ? undefined : Number(cursor),
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  return { items: page.map((stored) => showCall(toCallRecord(stored))), nextCursor: found.length > limit ? String(page.at(-1)?.position) : null };
});
