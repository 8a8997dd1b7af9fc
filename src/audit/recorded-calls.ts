/** Recorded calls as policy sees them: facts and what was decided on them, so that a draft can be tried on what happened. */
import type { PolicyFacts, Risk, Verdict } from '../model/policy.ts';
import type { PrimitiveKind } from '../model/primitive.ts';
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

export interface RecordedCallsPage {
  /** Newest first. */
  readonly calls: readonly RecordedCall[];
  /** For the next page; undefined at the end. */
  readonly nextCursor: string | undefined;
}

export interface RecordedCalls {
  /** What was decided from (with) one moment to (without) another, wall clock; page by page. */
  between(fromMs: number, toMs: number, cursor?: string): Promise<RecordedCallsPage>;
}

const PAGE_ROWS = 500;

/** Every call that policy decided on, whether it was made or refused. */
export function createRecordedCalls(store: Pick<AuditStore, 'find' | 'payloadAt'>): RecordedCalls {
  return {
    async between(fromMs, toMs, cursor) {
      const beforePosition = cursor === undefined ? undefined : Number(cursor);
      // The intent has facts and arguments; a call that was written once is both.
      const found = await store.find({ fromMs, toMs, beforePosition, kinds: ['call', 'intent'], isForServers: true, limit: PAGE_ROWS });
      const calls: RecordedCall[] = [];
      for (const { position, text } of found) {
        const record = JSON.parse(text) as CallRecord;
        const payload = record.keptArguments === undefined ? undefined : await store.payloadAt(position);
        const call = toRecordedCall(record, position, payload?.arguments ?? undefined);
        if (call !== undefined) calls.push(call);
      }
      return { calls, nextCursor: found.length < PAGE_ROWS ? undefined : String(found.at(-1)?.position) };
    },
  };
}

function toRecordedCall(record: CallRecord, position: number, text: string | undefined): RecordedCall | undefined {
  const { principal, decision, endpoint, namespace, server, method, claimed } = record;
  if (principal === undefined || decision === undefined || endpoint === undefined || namespace === undefined || server === undefined || method === undefined) return undefined;
  const isExact = isWhole(record, text);
  const facts: PolicyFacts = {
    principal,
    ...(claimed === undefined ? {} : { claimed }),
    ...{ endpoint, namespace, server, method },
    ...primitiveOf(record),
    arguments: isExact && text !== undefined ? (JSON.parse(text) as PolicyFacts['arguments']) : {},
    atMs: record.decidedAtMs ?? record.atMs,
  };
  return { id: record.id, position, facts, decided: { effect: decision.effect as Verdict['effect'], rule: decision.rule }, isExact };
}

function primitiveOf({ primitive = 'tool', tool = '', risk = 'destructive' }: CallRecord): Pick<PolicyFacts, 'primitive' | 'name' | 'risk'> {
  return { primitive: primitive as PrimitiveKind, name: tool, risk: risk as Risk };
}

/** There were no arguments, or they were kept as they were. */
function isWhole({ keptArguments: kept, hasArguments }: CallRecord, text: string | undefined): boolean {
  if (kept === undefined) return hasArguments !== true;
  return text !== undefined && !kept.isCut && kept.redactions === 0;
}
