import type { CallRecord, KeptText, Stages } from '../../audit/audit-record.ts';
import { Fault } from '../../base/fault.ts';
import { GetTrafficCall } from '../../contract/traffic.ts';
import { bindRead } from '../operation.ts';
import { visiblePrincipals } from '../recorded-request.ts';
import { showCall, toCallRecord } from './list-traffic.ts';

const RECORDS_MAX = 10;

export const getTrafficCall = bindRead(GetTrafficCall, async ({ params, db, viewer, services }) => {
  const { store, settle } = services.recordings;
  await settle();
  const found = await store.find({ callId: params.id, limit: RECORDS_MAX });
  const records = found.map(toCallRecord);
  const visible = await visiblePrincipals(db, viewer);
  const [last] = records;
  const isSeen = records.some(({ principal }) => visible === undefined || (principal !== undefined && visible.has(principal.id)));
  if (last === undefined || !isSeen)
    throw new Fault('request.not_found', { message: 'There is no request of this id, or it is no longer kept.', reason: 'call' });
  // An unknown end says little; its intent says the rest.
  const whole: CallRecord = Object.assign({}, ...records.toReversed()) as CallRecord;
  const payloads = await Promise.all(found.map(({ position }) => store.payloadAt(position)));
  const textOf = (member: 'arguments' | 'result'): string | undefined =>
    payloads.map((payload) => payload?.[member]).find((text) => typeof text === 'string') ?? undefined;
  const keptOf = (member: 'keptArguments' | 'keptResult'): KeptText | undefined => records.map((record) => record[member]).find((kept) => kept !== undefined);
  return {
    ...showCall({ ...whole, kind: last.kind, outcome: last.kind === 'intent' ? undefined : last.outcome }),
    stages: stagesOf(whole.stages),
    arguments: showPayload(textOf('arguments'), keptOf('keptArguments')),
    result: showPayload(textOf('result'), keptOf('keptResult')),
    argumentsDigest: whole.argumentsDigest ?? null,
    resultDigest: whole.resultDigest ?? null,
    records: found.map(({ position }) => position).toReversed(),
  };
});

function showPayload(
  text: string | undefined,
  kept: KeptText | undefined,
): { readonly text: string; readonly isCut: boolean; readonly redactions: number } | null {
  return text === undefined || kept === undefined ? null : { text, isCut: kept.isCut, redactions: kept.redactions };
}

/** Where the time went, one after the other: reading, deciding (with middleware), the server, answering. */
function stagesOf({ decodedMs, sentMs, answeredMs, endedMs }: Stages = {}): { name: string; startMs: number; durationMs: number }[] {
  const ends: readonly (readonly [string, number | undefined])[] = [
    ['received', decodedMs],
    ['decided', sentMs],
    ['server', answeredMs],
    ['answered', endedMs],
  ];
  const stages: { name: string; startMs: number; durationMs: number }[] = [];
  let startMs = 0;
  for (const [name, endMs] of ends) {
    if (endMs === undefined) continue;
    stages.push({ name, startMs, durationMs: Math.max(0, endMs - startMs) });
    startMs = endMs;
  }
  return stages;
}
