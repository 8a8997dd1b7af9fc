/**
 * What is recorded: requests (AU-01), admin changes, and what happened to the record itself. Kept as JSON text, which
 * is what the chain covers; the columns beside it are made from it and only find it.
 */

export const RECORD_KINDS = ['call', 'intent', 'outcome', 'unknown', 'admin', 'loss', 'purge', 'tombstone'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export interface RecordedPrincipal {
  readonly kind: 'anonymous' | 'key' | 'user' | 'operator';
  readonly id: string;
  readonly name: string;
  readonly roles?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly client?: string | undefined;
  readonly labels?: { readonly agent?: string | undefined; readonly stage?: string | undefined } | undefined;
}

export interface RecordedDecision {
  readonly effect: string;
  readonly rule: string;
  readonly shadowEffect?: string | undefined;
  readonly shadowRule?: string | undefined;
  readonly approval?: string | undefined;
  /** An external engine's own id of the decision. */
  readonly engineDecision?: string | undefined;
}

/** Milliseconds since the request was received. */
export interface Stages {
  /** Its body was read. */
  readonly decodedMs?: number | undefined;
  /** Policy and middleware let it go to the server. */
  readonly sentMs?: number | undefined;
  readonly answeredMs?: number | undefined;
  readonly endedMs?: number | undefined;
}

/** What was kept of a payload, so that the chain covers it while it is there. */
export interface KeptText {
  /** SHA-256 of the kept text, hex. */
  readonly sha256: string;
  readonly isCut: boolean;
  readonly redactions: number;
}

/** One request of a client. An `intent` lacks what only its end tells; an `unknown` has only its id and server. */
export interface CallRecord {
  readonly kind: 'call' | 'intent' | 'outcome' | 'unknown';
  readonly id: string;
  /** Wall clock. */
  readonly atMs: number;
  readonly principal?: RecordedPrincipal | undefined;
  /** Id of the key. */
  readonly key?: string | undefined;
  readonly client?: string | undefined;
  readonly session?: string | undefined;
  readonly address?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly namespace?: string | undefined;
  readonly method?: string | undefined;
  readonly server?: string | undefined;
  /** Own name or URI. */
  readonly tool?: string | undefined;
  readonly exposed?: string | undefined;
  /** Facts of the decision that are not said elsewhere. */
  readonly primitive?: string | undefined;
  readonly risk?: string | undefined;
  readonly claimed?: { readonly agent?: string | undefined; readonly stage?: string | undefined } | undefined;
  /** When policy was asked. */
  readonly decidedAtMs?: number | undefined;
  readonly isWrite?: boolean | undefined;
  readonly isDispatched?: boolean | undefined;
  readonly decision?: RecordedDecision | undefined;
  readonly outcome?: string | undefined;
  readonly failedAt?: string | undefined;
  /** There were arguments, whether they were kept or not. */
  readonly hasArguments?: boolean | undefined;
  /** Keyed digest of the bytes as they came, hex. */
  readonly argumentsDigest?: string | undefined;
  readonly resultDigest?: string | undefined;
  readonly keptArguments?: KeptText | undefined;
  readonly keptResult?: KeptText | undefined;
  readonly stages?: Stages | undefined;
  readonly durationMs?: number | undefined;
  readonly upstreamMs?: number | undefined;
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
  /** Undefined where no price applies. */
  readonly cost?: number | undefined;
  readonly traceId?: string | undefined;
}

/** What is counted of a request as it ends. */
export interface CallFigures extends Pick<Required<CallRecord>, 'atMs' | 'endpoint' | 'server' | 'tool' | 'method' | 'outcome' | 'failedAt' | 'durationMs' | 'bytesIn' | 'bytesOut' | 'cost'> {
  readonly principalId: string | undefined;
}

/** The figures of a record that was kept. */
export function figuresOf({ atMs, principal, endpoint, server, tool, method, outcome, failedAt, durationMs, bytesIn, bytesOut, cost }: CallRecord): CallFigures {
  return { atMs, principalId: principal?.id, endpoint, server, tool, method, outcome, failedAt, durationMs, bytesIn, bytesOut, cost };
}

/** A change or refusal of the admin API, as it stands in its own table. */
export interface AdminEventRecord {
  readonly kind: 'admin';
  readonly atMs: number;
  readonly eventSeq: number;
  readonly principal: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What happened to the record itself: how many were lost, what was deleted up to where. */
export interface KeepingRecord {
  readonly kind: 'loss' | 'purge' | 'tombstone';
  readonly atMs: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type AuditRecord = CallRecord | AdminEventRecord | KeepingRecord;

/** Whether it is about a request of a client. */
export function isCallRecord(record: AuditRecord): record is CallRecord {
  return 'id' in record;
}

export interface AuditColumns {
  readonly atMs: number;
  readonly kind: RecordKind;
  readonly callId: string | null;
  readonly principal: string | null;
  readonly credential: string | null;
  readonly endpoint: string | null;
  readonly server: string | null;
  readonly tool: string | null;
  readonly method: string | null;
  readonly outcome: string | null;
  readonly effect: string | null;
  readonly action: string | null;
  readonly subject: string | null;
}

const NONE = {
  callId: null,
  principal: null,
  credential: null,
  endpoint: null,
  server: null,
  tool: null,
  method: null,
  outcome: null,
  effect: null,
  action: null,
  subject: null,
} as const;

/** What records are found by. */
export function columnsOf(record: AuditRecord): AuditColumns {
  const { kind, atMs } = record;
  if (kind === 'admin') return { ...NONE, kind, atMs, principal: record.principal, outcome: record.outcome, action: record.action, subject: record.subject };
  if (!isCallRecord(record)) return { ...NONE, kind, atMs };
  return {
    kind: record.kind,
    atMs,
    callId: record.id,
    principal: record.principal?.id ?? null,
    credential: record.key ?? null,
    endpoint: record.endpoint ?? null,
    server: record.server ?? null,
    tool: record.tool ?? null,
    method: record.method ?? null,
    outcome: record.outcome ?? null,
    effect: record.decision?.effect ?? null,
    action: null,
    subject: null,
  };
}

/** Four bytes of JSON are about one token of the usual models. */
export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / 4);
}
