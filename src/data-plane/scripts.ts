/**
 * Code mode: scripts that call tools. Each of their calls goes the whole way of a request (limits, policy, middleware,
 * record); only what a script returns reaches the client. A script that needs a person's answer ends, with its journal kept
 * for whoever comes back with it, over a restart too.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { type Journal, JournalSchema, newJournal } from '../code-mode/journal.ts';
import { runScript, type ScriptCall, type ScriptEnd } from '../code-mode/run-script.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Decoded } from './exchange.ts';
import type { Sealer } from './parking.ts';
import { type ScriptReply, toCalled, toExchange, type WaitingCall } from './script-exchange.ts';

/** Journals of scripts that wait; what is stored is sealed. */
export interface ScriptRuns {
  save(run: { readonly id: string; readonly sealed: string; readonly expiresAtMs: number }): Promise<void>;
  /** Once; undefined where there is none or it is too old. */
  take(id: string): Promise<string | undefined>;
}

export interface ScriptsDeps {
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly newId: () => string;
  readonly runs: ScriptRuns;
  /** Keeps what was too long to return and says how to get it; undefined where it is too long for that too. */
  readonly keepRest: (exchange: Decoded, rest: string) => string | undefined;
}

/** Makes a call on the whole way of a request. Never rejects. */
export type ServeNested = (exchange: Decoded) => Promise<Outcome>;

/** A person has so long to answer or approve. */
const WAIT_MS = 24 * 3_600_000;
const CODE_CHARS_MAX = 200_000;
const RUNNING_MAX = 32;
const RUNNING_PER_PRINCIPAL_MAX = 4;

export class Scripts {
  readonly #deps: ScriptsDeps;
  readonly #running = new Map<string, number>();

  constructor(deps: ScriptsDeps) {
    this.#deps = deps;
  }

  get running(): number {
    return [...this.#running.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Throws `limit.overloaded`, `request.params_invalid` for a state that leads nowhere, `policy.approval_needed`. */
  async run(exchange: Decoded, serve: ServeNested): Promise<Outcome> {
    const given = isObject(exchange.params['arguments']) ? exchange.params['arguments'] : {};
    const { code } = given;
    if (typeof code !== 'string' || code.length > CODE_CHARS_MAX) return mistake(`code: expected a text of at most ${CODE_CHARS_MAX} characters`);
    const done = this.#begin(exchange.principal.id);
    try {
      const { journal, responses } = await this.#resume(exchange);
      return await this.#run(exchange, code, { journal, responses, serve });
    } finally {
      done();
    }
  }

  async #run(exchange: Decoded, code: string, { journal, responses, serve }: { readonly journal: Journal; readonly responses: JsonObject; readonly serve: ServeNested }): Promise<Outcome> {
    const limits = exchange.endpoint.discovery?.script;
    if (limits === undefined) throw new Fault('gateway.bug', { detail: 'code mode without limits' });
    const { clock } = this.#deps;
    const abort = new AbortController();
    const children = new Map<Decoded, ScriptReply>();
    const leave = onCancel(exchange, (reason) => {
      abort.abort();
      for (const [child, reply] of children) {
        reply.onGone();
        child.client.session?.inFlight.find(child.id)?.cancel(reason);
      }
    });
    const call = async (made: ScriptCall) => {
      const child = toExchange(exchange, made, responsesOf(responses, made.seq), { startedMs: clock.monotonicMs(), atMs: clock.nowMs() });
      children.set(child, child.reply);
      const outcome = await serve(child);
      children.delete(child);
      tellProgress(exchange, journal.told.length + 1);
      return toCalled(made.name, outcome);
    };
    const end = await runScript({ code, limits, journal }, { call, clock, signal: abort.signal }).finally(leave);
    return end.kind === 'waiting' ? this.#wait(exchange, journal) : outcomeOf(end, (rest) => this.#deps.keepRest(exchange, rest));
  }

  /** Ends the exchange and keeps the journal: under a sealed state where the client is asked, else under the call itself. */
  async #wait(exchange: Decoded, journal: Journal): Promise<Outcome> {
    const inputRequests = Object.fromEntries(
      journal.waiting.flatMap(({ seq, state }) => Object.entries((JSON.parse(state) as WaitingCall).inputRequests).map(([key, request]) => [`${seq}.${key}`, request] as const)),
    );
    const isAsking = journal.waiting.some(({ state }) => (JSON.parse(state) as WaitingCall).requestState !== undefined || Object.keys((JSON.parse(state) as WaitingCall).inputRequests).length > 0);
    const { clock, newId, runs, sealer } = this.#deps;
    const context = contextOf(exchange);
    const id = isAsking ? newId() : hash('sha256', context);
    await runs.save({ id, sealed: sealer.seal(JSON.stringify(journal), `${context}\n${id}`), expiresAtMs: clock.nowMs() + WAIT_MS });
    if (!isAsking) return { kind: 'fault', fault: new Fault('policy.approval_needed', { message: 'A call of this script must be approved by a person; then run the same script again.', detail: `the script waits for ${journal.waiting.length} approvals` }) };
    return { kind: 'result', result: RawObject.of({ resultType: 'input_required', inputRequests, requestState: sealer.seal(id, context) }) };
  }

  async #resume(exchange: Decoded): Promise<{ readonly journal: Journal; readonly responses: JsonObject }> {
    const { clock, runs, sealer } = this.#deps;
    const { requestState, inputResponses } = exchange.params;
    const context = contextOf(exchange);
    const id = requestState === undefined ? hash('sha256', context) : sealer.open(String(requestState), context);
    const sealed = id === undefined ? undefined : await runs.take(id);
    if (sealed === undefined && requestState === undefined) return { journal: newJournal(clock.nowMs()), responses: {} };
    const text = sealed === undefined ? undefined : sealer.open(sealed, `${context}\n${id}`);
    if (text === undefined) throw new Fault('request.params_invalid', { message: 'requestState is not valid here or has expired; run the script again.', reason: 'request_state_invalid' });
    return { journal: JournalSchema.parse(JSON.parse(text)), responses: isObject(inputResponses) ? inputResponses : {} };
  }

  #begin(principal: string): () => void {
    const own = this.#running.get(principal) ?? 0;
    if (own >= RUNNING_PER_PRINCIPAL_MAX || this.running >= RUNNING_MAX) throw new Fault('limit.overloaded', { reason: 'too_many_scripts' });
    this.#running.set(principal, own + 1);
    return () => {
      const left = (this.#running.get(principal) ?? 1) - 1;
      if (left > 0) this.#running.set(principal, left);
      else this.#running.delete(principal);
    };
  }
}

/** Kept in this process: for gateways without a database, such as those of tests. */
export function createRunsInMemory(clock: Clock): ScriptRuns {
  const kept = new Map<string, { readonly sealed: string; readonly expiresAtMs: number }>();
  return {
    save: ({ id, ...run }) => {
      kept.set(id, run);
      return Promise.resolve();
    },
    take: (id) => {
      const run = kept.get(id);
      kept.delete(id);
      return Promise.resolve(run !== undefined && run.expiresAtMs > clock.nowMs() ? run.sealed : undefined);
    },
  };
}

/** The same script of the same caller at the same endpoint. */
function contextOf({ endpoint, principal, params }: Decoded): string {
  return ['script', endpoint.name, principal.id, canonicalJson(isObject(params['arguments']) ? params['arguments'] : {})].join('\n');
}

/** The client goes away or cancels. Returns what stops listening for that. */
function onCancel(exchange: Decoded, cancel: (reason: string) => void): () => void {
  const { session } = exchange.client;
  const inFlight = { cancel, send: (message: string) => exchange.reply.send(message) };
  if (session === undefined) exchange.reply.onGone = () => cancel('the client closed the response');
  else session.inFlight.add(exchange.id, inFlight);
  return () => session?.inFlight.remove(inFlight);
}

/** Keys of questions carry the number of their call in front. */
function responsesOf(responses: JsonObject, seq: number): JsonObject {
  const prefix = `${seq}.`;
  return Object.fromEntries(Object.entries(responses).flatMap(([key, response]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), response]] : [])));
}

function tellProgress({ progressToken, reply }: Decoded, progress: number): void {
  if (progressToken !== undefined) reply.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } }));
}

function outcomeOf(end: Exclude<ScriptEnd, { readonly kind: 'waiting' }>, keepRest: (rest: string) => string | undefined): Outcome {
  if (end.kind === 'aborted') return { kind: 'fault', fault: new Fault('request.cancelled') };
  if (end.kind === 'failed') return mistake(`The script failed. ${end.message}`);
  return { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text: end.rest === '' ? end.text : cut(end, keepRest(end.rest)) }] }) };
}

/** Half a result that looks whole leads to wrong conclusions, so the mark says what is missing. */
function cut({ text, rest }: { readonly text: string; readonly rest: string }, words: string | undefined): string {
  const left = Buffer.byteLength(rest);
  return `${text}\n[cut: ${left} of ${Buffer.byteLength(text) + left} bytes left out; ${words ?? 'return less'}]`;
}

function mistake(text: string): Outcome {
  return { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text }], isError: true }) };
}
