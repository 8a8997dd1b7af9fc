/**
 * The record of a call (AU-01): an intent before it goes to a server, an outcome whatever happens. A call that ends
 * before its intent is written has one record for both.
 */
import type { HttpRequest } from '../base/http.ts';
import type { CallFigures, CallRecord } from '../audit/audit-record.ts';
import type { Journal } from '../audit/journal.ts';
import type { PendingRecord } from '../audit/record-pack.ts';
import type { Fault } from '../base/fault.ts';
import { costOf } from '../model/price.ts';
import type { RawObject } from '../protocol/envelope.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { argumentsOf, type CallTextDeps, NO_ARGUMENTS, textOfCall, textOfDecision } from './call-text.ts';
import type { Admitted, Decoded, Recording, Resolved } from './exchange.ts';
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
  readonly refused: (http: HttpRequest, fault: Fault) => void;
}

export interface CallRecorderDeps extends CallTextDeps {
  readonly journal: Pick<Journal, 'begin' | 'end' | 'add'>;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly newId: () => string;
  /** Hears of every request as it ends. `text`: its CallRecord as JSON. */
  readonly ended: (figures: CallFigures, text: string) => void;
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

/** What an exchange carries of its record. */
class RecordedExchange implements Recording {
  readonly decodedMs: number;
  sentMs: number | undefined = undefined;
  answeredMs: number | undefined = undefined;
  place = 0;
  isBegun = false;
  isTaken = false;
  readonly #exchange: Decoded;
  readonly #deps: CallRecorderDeps;
  #intentAtMs = 0;

  constructor(exchange: Decoded, deps: CallRecorderDeps) {
    this.#exchange = exchange;
    this.#deps = deps;
    this.decodedMs = deps.nowMs();
  }

  /** It goes to its server now. */
  begin(): Promise<void> | undefined {
    this.#intentAtMs = this.#deps.wallMs();
    this.sentMs = this.#deps.nowMs();
    this.isBegun = true;
    return this.#deps.journal.begin(this)?.then(
      () => {
        // The wait was the gateway's time, not the server's.
        this.sentMs = this.#deps.nowMs();
      },
      (thrown: unknown) => {
        // It was never sent.
        this.sentMs = undefined;
        this.isBegun = false;
        throw thrown;
      },
    );
  }

  toIntent(): PendingRecord {
    const exchange = this.#exchange;
    const record = `{"kind":"intent","id":"${exchange.correlationId}","atMs":${this.#intentAtMs}${textOfCall(exchange, this.#deps)}${textOfDecision(exchange)},"isDispatched":true}`;
    return { record, ...argumentsOf(exchange, this.#deps) };
  }
}

export function createCallRecorder(deps: CallRecorderDeps): CallRecorder {
  const budget = new RefusalBudget(deps.wallMs, (count) => deps.journal.add({ kind: 'loss', atMs: deps.wallMs(), detail: { refusals: count } }));
  return {
    begin: (exchange) => {
      exchange.recording = new RecordedExchange(exchange, deps);
    },
    // Middleware that tries again makes no second call of it.
    intent: ({ recording }) => (recording === undefined || recording.isBegun ? undefined : recording.begin()),
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

function end(exchange: Decoded, outcome: Outcome, deps: CallRecorderDeps): void {
  const { recording } = exchange;
  const isSent = recording?.isBegun === true;
  const isAlone = recording?.isTaken !== true;
  const figures = figuresOf(exchange, outcome, deps);
  const cost = isSent ? costFor(exchange, figures) : undefined;
  const result = isSent && outcome.kind === 'result' ? outcome.result : undefined;
  const record =
    `{"kind":"${isSent && !isAlone ? 'outcome' : 'call'}","id":"${exchange.correlationId}","atMs":${figures.atMs}${textOfCall(exchange, deps)},"isDispatched":${isSent}` +
    `${textOfEnd(figures)}${textOfDecision(exchange)}${result === undefined ? '' : `,"resultDigest":"${deps.digest(result.bytes)}"`}` +
    `${textOfTimes(exchange, figures.durationMs)},"bytesIn":${figures.bytesIn},"bytesOut":${figures.bytesOut}${cost === undefined ? '' : `,"cost":${cost}`}}`;
  // Arguments are with the intent, where that is a record of its own.
  const given = isAlone ? argumentsOf(exchange, deps) : NO_ARGUMENTS;
  deps.journal.end({ record, ...given, ...resultOf(result, deps) }, isSent ? recording : undefined);
  deps.ended(cost === undefined ? figures : { ...figures, cost }, record);
}

/** Without the cost. */
function figuresOf(exchange: Decoded, outcome: Outcome, { wallMs, nowMs, cleanName }: CallRecorderDeps): CallFigures & { readonly durationMs: number } {
  const { endpoint, principal, method } = exchange;
  const { target } = exchange as Partial<Pick<Resolved, 'target'>>;
  return {
    atMs: wallMs(),
    principalId: principal.id,
    endpoint: endpoint.name,
    server: target?.server,
    tool: target && cleanName(target.own),
    method: cleanName(method),
    outcome: wordFor(outcome),
    failedAt: outcome.kind === 'fault' ? outcome.fault.failedAt : undefined,
    durationMs: round(nowMs() - exchange.startedMs),
    bytesIn: exchange.rawParams?.byteLength ?? 0,
    bytesOut: outcome.kind === 'result' ? outcome.result.byteLength : 0,
    cost: undefined,
  };
}

/** Members `outcome` and `failedAt`. */
function textOfEnd({ outcome, failedAt }: CallFigures): string {
  return failedAt === undefined ? `,"outcome":"${outcome}"` : `,"outcome":"${outcome}","failedAt":"${failedAt}"`;
}

/** Members `stages`, `durationMs` and `upstreamMs`. */
function textOfTimes({ recording, startedMs }: Decoded, durationMs: number): string {
  if (recording === undefined) return `,"stages":{"endedMs":${durationMs}},"durationMs":${durationMs}`;
  const { decodedMs, sentMs, answeredMs } = recording;
  const sent = sentMs === undefined ? '' : `,"sentMs":${microText(sentMs - startedMs)}`;
  const answered = answeredMs === undefined ? '' : `,"answeredMs":${microText(answeredMs - startedMs)}`;
  const upstream = sentMs === undefined || answeredMs === undefined ? '' : `,"upstreamMs":${microText(answeredMs - sentMs)}`;
  const duration = microText(durationMs);
  return `,"stages":{"decodedMs":${microText(decodedMs - startedMs)}${sent}${answered},"endedMs":${duration}},"durationMs":${duration}${upstream}`;
}

function resultOf(result: RawObject | undefined, { payloads: { keepsResults, bytesMax }, clean }: CallTextDeps): Pick<PendingRecord, 'result' | 'isResultCut'> {
  if (!keepsResults || result === undefined) return { result: undefined, isResultCut: false };
  return { result: clean(result.bytes.toString('utf8', 0, bytesMax)), isResultCut: result.byteLength > bytesMax };
}

function costFor(exchange: Decoded, { bytesIn = 0, bytesOut = 0 }: CallFigures): number | undefined {
  const { target } = exchange as Partial<Pick<Resolved, 'target'>>;
  const { prices } = exchange.snapshot;
  if (target === undefined || prices.length === 0) return undefined;
  return costOf(prices, { server: target.server, tool: target.own, bytesIn, bytesOut });
}

const ENDPOINT_IN_PATH = /^\/metamcp\/([A-Za-z0-9_-]{1,128})(?:\/|$)/;

function refuse(http: HttpRequest, fault: Fault, deps: CallRecorderDeps): void {
  const figures = { atMs: deps.wallMs(), endpoint: ENDPOINT_IN_PATH.exec(http.url ?? '')?.[1], outcome: fault.code, failedAt: fault.failedAt, bytesIn: 0, bytesOut: 0 };
  const record: CallRecord = { kind: 'call', id: deps.newId(), address: deps.addressOf(http), isDispatched: false, isWrite: false, ...figures };
  deps.journal.add(record);
  deps.ended({ principalId: undefined, server: undefined, tool: undefined, method: undefined, durationMs: undefined, cost: undefined, ...figures }, JSON.stringify(record));
}

const THOUSANDTHS: readonly string[] = Array.from({ length: 1_000 }, (_, index) => (index === 0 ? '' : `.${String(index).padStart(3, '0')}`));

/** As `round`, as text: two look-ups and a whole number, where the text of a fraction takes ten times as long. */
function microText(ms: number): string {
  const micros = Math.max(0, Math.round(ms * 1_000));
  const whole = Math.trunc(micros / 1_000);
  return whole + (THOUSANDTHS[micros - whole * 1_000] ?? '');
}

/** Microseconds are enough. */
function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
