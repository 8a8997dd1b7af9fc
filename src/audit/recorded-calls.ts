/** Recorded calls as policy sees them: facts and what was decided on them, so that a draft can be tried on what happened. */
import type { PolicyFacts, Risk, Verdict } from '../model/policy.ts';
import type { PrimitiveKind } from '../model/primitive.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { CallRecord } from './audit-record.ts';
import type { AuditStore } from './audit-store.ts';

export interface RecordedCall {
  /** Id in Traffic. */
  readonly id: string;
  /** In the store. */
  readonly position: number;
  readonly facts: PolicyFacts;
  readonly decided: Verdict;
  /** The arguments are those that were decided on: kept, whole, nothing redacted. Where false, rules on arguments may decide otherwise. */
  readonly isExact: boolean;
}

export interface RecordedCallsQuery {
  /** Wall clock, from (with) and to (without). */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly endpoint?: string | undefined;
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly principals?: readonly string[] | undefined;
  /** Where the page before ended. */
  readonly beforePosition?: number | undefined;
  readonly limit: number;
}

export interface RecordedCallsPage {
  /** Newest first. */
  readonly calls: readonly RecordedCall[];
  /** For the next page; undefined at the end. */
  readonly nextPosition: number | undefined;
}

/** Every call that policy decided on, whether it was made or refused. */
export async function readRecordedCalls(store: Pick<AuditStore, 'find' | 'payloadAt'>, query: RecordedCallsQuery): Promise<RecordedCallsPage> {
  // The intent has facts and arguments; a call that was not written twice is both.
  const found = await store.find({ ...query, kinds: ['call', 'intent'], isForServers: true });
  const calls: RecordedCall[] = [];
  for (const { position, text } of found) {
    const record = JSON.parse(text) as CallRecord;
    const payload = record.keptArguments === undefined ? undefined : await store.payloadAt(position);
    const call = toRecordedCall(record, position, payload?.arguments ?? undefined);
    if (call !== undefined) calls.push(call);
  }
  return { calls, nextPosition: found.length < query.limit ? undefined : found.at(-1)?.position };
}

function toRecordedCall(record: CallRecord, position: number, text: string | undefined): RecordedCall | undefined {
  const { principal, decision, endpoint, namespace, server, tool, method } = record;
  if (principal === undefined || decision === undefined || endpoint === undefined || namespace === undefined || server === undefined || method === undefined) return undefined;
  const { keptArguments: kept, claimed } = record;
  const isWhole = kept === undefined ? record.hasArguments !== true : text !== undefined && !kept.isCut && kept.redactions === 0;
  const facts: PolicyFacts = {
    principal,
    ...(claimed === undefined ? {} : { claimed }),
    endpoint,
    namespace,
    server,
    primitive: (record.primitive ?? 'tool') as PrimitiveKind,
    name: tool ?? '',
    method,
    risk: (record.risk ?? 'destructive') as Risk,
    arguments: isWhole && text !== undefined ? (JSON.parse(text) as JsonObject) : {},
    atMs: record.decidedAtMs ?? record.atMs,
  };
  return { id: record.id, position, facts, decided: { effect: decision.effect as Verdict['effect'], rule: decision.rule }, isExact: isWhole };
}
