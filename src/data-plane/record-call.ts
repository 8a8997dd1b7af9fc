/**
 * The record of a call (AU-01): an intent before it goes to a server, an outcome whatever happens. Nothing is parsed or
 * written here; what is kept is a reference or a short text until the journal takes it.
 */
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { CallRecord } from '../audit/audit-record.ts';
import type { Journal, JournalEntry } from '../audit/journal.ts';
import type { Fault } from '../base/fault.ts';
import { costOf } from '../model/price.ts';
import type { RawObject } from '../protocol/envelope.ts';
import { isObject } from '../protocol/messages.ts';
import { SEPARATOR } from '../protocol/names.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Admitted, Decoded, Recording, Resolved } from './exchange.ts';
import { claimedLabels, primitiveOf } from './policy-action.ts';
import { RefusalBudget } from './record-refusals.ts';
import { wordFor } from './record-word.ts';

export interface CallRecorder {
  /** Its body is read. */
  readonly begin: (exchange: Decoded) => void;
  /** Undefined: it may go at once. Rejects with `gateway.audit_unavailable` in strict mode. */
  readonly intent: (admitted: Admitted) => Promise<void> | undefined;
  readonly answered: (admitted: Admitted) => void;
  readonly end: (exchange: Decoded, outcome: Outcome) => void;
  /** Before there was an exchange. */
  readonly refused: (http: IncomingMessage, fault: Fault) => void;
}

export interface PayloadSettings {
  readonly keepsArguments: boolean;
  readonly keepsResults: boolean;
  readonly bytesMax: number;
}

export interface CallRecorderDeps {
  readonly journal: Pick<Journal, 'intent' | 'outcome' | 'add'>;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly newId: () => string;
  readonly addressOf: (http: IncomingMessage) => string;
  /** Takes secrets out of a name that a client chose. */
  readonly cleanName: (name: string) => string;
  readonly payloads: PayloadSettings;
  /** Hears of every request as it ends. */
  readonly ended: (record: CallRecord) => void;
}

/** Lets the call go once its intent is where it must be. */
export async function recorded(admitted: Admitted, calls: CallRecorder, go: (admitted: Admitted) => Promise<Outcome>): Promise<Outcome> {
  const written = calls.intent(admitted);
  if (written !== undefined) await written;
  try {
    return await go(admitted);
  } finally {
    calls.answered(admitted);
  }
}

export function createCallRecorder(deps: CallRecorderDeps): CallRecorder {
  const budget = new RefusalBudget(deps.wallMs, (count) => deps.journal.add({ kind: 'loss', atMs: deps.wallMs(), detail: { refusals: count } }));
  return {
    begin: (exchange) => {
      exchange.recording = { decodedMs: deps.nowMs(), sentMs: undefined, answeredMs: undefined, intent: undefined, base: undefined };
    },
    intent: (admitted) => {
      const { recording } = admitted;
      // Middleware that tries again makes no second call of it.
      if (recording === undefined || recording.intent !== undefined) return undefined;
      recording.base = baseOf(admitted, deps);
      recording.sentMs = deps.nowMs();
      const record = { kind: 'intent', id: admitted.correlationId, atMs: deps.wallMs(), ...recording.base, isDispatched: true } as const;
      recording.intent = { record, ...argumentsOf(admitted, deps.payloads), result: undefined, isResultCut: false, isTaken: false };
      return sent(deps.journal.intent(recording.intent), recording, deps);
    },
    answered: ({ recording }) => {
      if (recording !== undefined) recording.answeredMs = deps.nowMs();
    },
    end: (exchange, outcome) => end(exchange, outcome, deps),
    refused: (http, fault) => {
      // What was no request for anyone in particular is the log's affair.
      if (fault.failedAt !== 'auth' && fault.failedAt !== 'policy') return;
      if (budget.take()) refuse(http, fault, deps);
    },
  };
}

/** The wait for a strict intent is the gateway's time, not the server's; a refused one was never sent. */
function sent(written: Promise<void> | undefined, recording: Recording, { nowMs }: CallRecorderDeps): Promise<void> | undefined {
  return written?.then(
    () => {
      recording.sentMs = nowMs();
    },
    (thrown: unknown) => {
      recording.sentMs = undefined;
      recording.intent = undefined;
      throw thrown;
    },
  );
}

function end(exchange: Decoded, outcome: Outcome, deps: CallRecorderDeps): void {
  const { recording } = exchange;
  const isSent = recording?.sentMs !== undefined && recording.intent !== undefined;
  const sizes = sizesOf(exchange, outcome);
  const result = isSent && outcome.kind === 'result' ? outcome.result : undefined;
  const record: CallRecord = {
    ...(recording?.base ?? baseOf(exchange, deps)),
    kind: isSent ? 'outcome' : 'call',
    id: exchange.correlationId,
    atMs: deps.wallMs(),
    isDispatched: isSent,
    outcome: wordFor(outcome),
    failedAt: outcome.kind === 'fault' ? outcome.fault.failedAt : undefined,
    decision: decisionOf(exchange),
    resultDigest: result && hash('sha256', result.bytes),
    ...timesOf(exchange, deps.nowMs()),
    ...sizes,
    cost: isSent ? costFor(exchange, sizes) : undefined,
  };
  const payloads = { ...givenOf(exchange, deps.payloads), ...resultOf(result, deps.payloads) };
  deps.journal.outcome({ record, ...payloads, isTaken: false }, recording?.intent);
  deps.ended(record);
}

function sizesOf({ rawParams }: Decoded, outcome: Outcome): { readonly bytesIn: number; readonly bytesOut: number } {
  return { bytesIn: rawParams?.byteLength ?? 0, bytesOut: outcome.kind === 'result' ? outcome.result.byteLength : 0 };
}

/** Arguments are with the intent, where that is a record of its own. */
function givenOf(exchange: Decoded, payloads: PayloadSettings): KeptArguments {
  const intent = exchange.recording?.intent;
  if (intent === undefined) return argumentsOf(exchange, payloads);
  return intent.isTaken ? NO_ARGUMENTS : { arguments: intent.arguments, isArgumentsCut: intent.isArgumentsCut };
}

function timesOf({ recording, startedMs }: Decoded, endedMs: number): Pick<CallRecord, 'stages' | 'durationMs' | 'upstreamMs'> {
  const since = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : round(ms - startedMs));
  const { decodedMs, sentMs, answeredMs } = recording ?? {};
  return {
    stages: { decodedMs: since(decodedMs), sentMs: since(sentMs), answeredMs: since(answeredMs), endedMs: since(endedMs) },
    durationMs: round(endedMs - startedMs),
    upstreamMs: sentMs === undefined || answeredMs === undefined ? undefined : round(answeredMs - sentMs),
  };
}

function resultOf(result: RawObject | undefined, { keepsResults, bytesMax }: PayloadSettings): Pick<JournalEntry, 'result' | 'isResultCut'> {
  if (!keepsResults || result === undefined) return { result: undefined, isResultCut: false };
  return { result: result.bytes.toString('utf8', 0, bytesMax), isResultCut: result.byteLength > bytesMax };
}

function costFor(exchange: Decoded, bytes: { readonly bytesIn: number; readonly bytesOut: number }): number | undefined {
  const { target } = exchange as Partial<Pick<Resolved, 'target'>>;
  const { prices } = exchange.snapshot;
  if (target === undefined || prices.length === 0) return undefined;
  return costOf(prices, { server: target.server, tool: target.own, ...bytes });
}

/** What is known before it is sent. */
function baseOf(exchange: Decoded, deps: CallRecorderDeps): Partial<CallRecord> {
  const { principal, client, endpoint, params, method } = exchange;
  const { target } = exchange as Partial<Pick<Resolved, 'target'>>;
  const { credentialId, ...who } = principal;
  const exposed = exposedOf(method, params);
  return {
    principal: who,
    key: principal.kind === 'key' ? credentialId : undefined,
    client: clientOf(client.info, deps),
    session: client.session?.label,
    address: deps.addressOf(exchange.http),
    endpoint: endpoint.name,
    namespace: endpoint.namespace.name,
    method: deps.cleanName(shorten(method)),
    server: target?.server,
    tool: target === undefined ? undefined : deps.cleanName(shorten(target.own)),
    exposed: exposed === undefined ? undefined : deps.cleanName(shorten(exposed)),
    ...factsOf(exchange, target),
    decidedAtMs: exchange.atMs,
    decision: decisionOf(exchange),
    hasArguments: params['arguments'] !== undefined,
    argumentsDigest: digestOfArguments(exchange),
    traceId: traceIdOf(exchange),
  };
}

/** What policy decided on, beside what is said elsewhere. */
function factsOf({ method, params, endpoint }: Decoded, target: Resolved['target'] | undefined): Partial<CallRecord> {
  if (target === undefined) return { isWrite: false };
  const primitive = primitiveOf(method, params);
  const risk = endpoint.namespace.policy?.riskOf(primitive, target.as + SEPARATOR + target.own);
  const annotations = target.entry?.definition['annotations'];
  const isReading = risk === 'read-only' || method !== 'tools/call' || (isObject(annotations) && annotations['readOnlyHint'] === true);
  return { primitive, risk: risk ?? 'destructive', claimed: claimedLabels(params), isWrite: !isReading };
}

function decisionOf(exchange: Decoded): CallRecord['decision'] {
  const { decision, approvalId } = exchange as Partial<Pick<Resolved, 'decision' | 'approvalId'>>;
  if (decision === undefined) return undefined;
  const { effect, rule, shadow } = decision;
  return { effect, rule, shadowEffect: shadow?.effect, shadowRule: shadow?.rule, approval: approvalId, engineDecision: decision.decisionId };
}

type KeptArguments = Pick<JournalEntry, 'arguments' | 'isArgumentsCut'>;
const NO_ARGUMENTS: KeptArguments = { arguments: undefined, isArgumentsCut: false };

/** The arguments that policy decided on: those that came, or what middleware made of them. */
function argumentsOf(exchange: Decoded, { keepsArguments, bytesMax }: PayloadSettings): KeptArguments {
  if (!keepsArguments) return NO_ARGUMENTS;
  const { upstreamParams } = exchange as Partial<Pick<Resolved, 'upstreamParams'>>;
  const given = exchange.params['arguments'];
  const final = upstreamParams === undefined ? given : upstreamParams['arguments'];
  if (final === undefined) return NO_ARGUMENTS;
  const text = (final === given ? rawArgumentsOf(exchange) : undefined) ?? JSON.stringify(final);
  return text.length > bytesMax ? { arguments: text.slice(0, bytesMax), isArgumentsCut: true } : { arguments: text, isArgumentsCut: false };
}

/** Of the arguments as they came; of those that a tool of ours, a group or a script made of them; of all params where there are none. */
function digestOfArguments(exchange: Decoded): string {
  const given = exchange.params['arguments'];
  if (given === undefined) return hash('sha256', exchange.rawParams?.bytes ?? JSON.stringify(exchange.params));
  return hash('sha256', rawArgumentsOf(exchange) ?? JSON.stringify(given));
}

/** The text of the arguments as it came; undefined where the call is of others, which never were on the wire. */
function rawArgumentsOf({ rawParams, params }: Decoded): string | undefined {
  return rawParams !== undefined && rawParams.value['arguments'] === params['arguments'] ? rawParams.member('arguments') : undefined;
}

const NAME_CHARS_MAX = 1_000;

function shorten(name: string): string {
  return name.length > NAME_CHARS_MAX ? name.slice(0, NAME_CHARS_MAX) : name;
}

function exposedOf(method: string, params: Decoded['params']): string | undefined {
  const name = method === 'resources/read' || method.startsWith('resources/') ? params['uri'] : params['name'];
  return typeof name === 'string' ? name : undefined;
}

function clientOf(info: Decoded['client']['info'], { cleanName }: CallRecorderDeps): string | undefined {
  const { name, version } = info ?? {};
  if (typeof name !== 'string') return undefined;
  return cleanName((typeof version === 'string' ? `${name} ${version}` : name).slice(0, 200));
}

/** W3C trace context, section 3.2. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

function traceIdOf({ traceId, http }: Decoded): string | undefined {
  const { traceparent } = http.headers;
  return traceId ?? (typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined);
}

const ENDPOINT_IN_PATH = /^\/metamcp\/([A-Za-z0-9_-]{1,128})(?:\/|$)/;

function refuse(http: IncomingMessage, fault: Fault, deps: CallRecorderDeps): void {
  const record: CallRecord = {
    kind: 'call',
    id: deps.newId(),
    atMs: deps.wallMs(),
    address: deps.addressOf(http),
    endpoint: ENDPOINT_IN_PATH.exec(http.url ?? '')?.[1],
    isDispatched: false,
    isWrite: false,
    outcome: fault.code,
    failedAt: fault.failedAt,
    bytesIn: 0,
    bytesOut: 0,
  };
  deps.journal.add(record);
  deps.ended(record);
}

/** Microseconds are enough. */
function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
