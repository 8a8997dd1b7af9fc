/**
 * Parking: a legacy server's call that waits for a modern client's answers, and the sealed `requestState` that leads
 * back to it (specification 2026-07-28, basic/patterns/mrtr). A state opens only for the same principal, endpoint,
 * method and params, and for ten minutes; what a modern server put into its own state travels inside ours, so that it
 * returns to that server only.
 */
import { hash } from 'node:crypto';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { RawObject } from '../protocol/envelope.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { isObject, type JsonObject, MODERN_REVISION } from '../protocol/messages.ts';
import type { Outcome, ServerRequest } from '../upstream/upstream.ts';
import { missingCapability } from './capabilities.ts';
import type { Resolved } from './exchange.ts';
import type { RoutedCall } from './routed-call.ts';
import { markedForm, markedRequests } from './secret-forms.ts';
import { withHandle, withoutHandle } from './state-handles.ts';

const STATE_MS = 10 * 60_000;
const PARKED_MAX = 1_000;
/** Error of 2025-11-25: the user must visit an address before the call can be made. */
const URL_ELICITATION_REQUIRED = -32042;

/** Authenticated encryption of short texts; a sealed text opens only with the context it was sealed with. */
export interface Sealer {
  seal(text: string, context: string): string;
  /** Undefined for anything that we did not seal with this context. */
  open(sealed: string, context: string): string | undefined;
}

export interface ParkingDeps {
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly newId: () => string;
  /** Leads other gateways here; undefined: there are none. */
  readonly newHandle?: (() => string) | undefined;
}

interface Parked {
  readonly call: RoutedCall;
  readonly asked: ReadonlyMap<string, ServerRequest>;
  readonly stopTimer: CancelTimer;
  /** Lets the call's deadline run again. */
  readonly release: () => void;
}

interface State {
  readonly untilMs: number;
  /** The parked call. */
  readonly parked?: string;
  /** Whose question it is: a name may lead to another server by the time the client comes back. */
  readonly server: string;
  /** A modern server's own state. */
  readonly state?: string;
}

export type Resumed = { readonly kind: 'call'; readonly call: RoutedCall } | { readonly kind: 'fresh'; readonly params: JsonObject };

export class Parking {
  readonly #deps: ParkingDeps;
  readonly #parked = new Map<string, Parked>();
  /** Results made here: a call's exchange may end with one, which must not be taken for a server's. */
  readonly #made = new WeakSet<RawObject>();

  constructor(deps: ParkingDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#parked.size;
  }

  /** Ends the call's exchange with `input_required` and keeps the call until the client comes back. */
  park(call: RoutedCall, asked: ReadonlyMap<string, ServerRequest>): void {
    if (call.isOver) return;
    if (this.#parked.size >= PARKED_MAX) {
      call.cancel('too many calls wait for their clients');
      call.end({ kind: 'fault', fault: new Fault('limit.overloaded', { reason: 'too_many_parked_calls' }) });
      return;
    }
    const id = this.#deps.newId();
    const stopTimer = this.#deps.clock.after(STATE_MS, () => {
      this.#parked.delete(id);
      call.cancel('the client did not come back');
    });
    const release = call.hold();
    this.#parked.set(id, { call, asked, stopTimer, release });
    const inputRequests = Object.fromEntries([...asked].map(([key, { method, params }]) => [key, { method, params: markedForm(method, withoutLegacyMembers(params), call.exchange.target.as) }]));
    const sealed = this.#seal({ untilMs: this.#deps.clock.nowMs() + STATE_MS, server: call.exchange.target.server, parked: id }, call.exchange);
    const requestState = this.#deps.newHandle === undefined ? sealed : withHandle(this.#deps.newHandle(), sealed);
    const result = RawObject.of({ resultType: 'input_required', inputRequests, requestState });
    this.#made.add(result);
    call.detach({ kind: 'result', result });
  }

  /** Gives up the call of this principal at this server that waits longest. False where none waits. */
  dropOldest(server: string, principalId: string): boolean {
    for (const [id, parked] of this.#parked) {
      const { target, principal } = parked.call.exchange;
      if (target.server !== server || principal.id !== principalId) continue;
      this.#parked.delete(id);
      parked.stopTimer();
      parked.call.cancel('the client did not come back');
      return true;
    }
    return false;
  }

  /** What a request continues: a parked call, a modern server's own round, or nothing. Throws `request.params_invalid`. */
  resume(exchange: Resolved): Resumed {
    const params = exchange.upstreamParams;
    const sealed = params['requestState'];
    if (exchange.client.revision !== MODERN_REVISION || sealed === undefined) return { kind: 'fresh', params };
    const state = this.#open(sealed, exchange);
    if (state.server !== exchange.target.server) throw invalidState();
    if (state.parked === undefined) {
      const { requestState: _, ...rest } = params;
      return { kind: 'fresh', params: state.state === undefined ? rest : { ...rest, requestState: state.state } };
    }
    const parked = this.#parked.get(state.parked);
    if (parked === undefined) throw invalidState();
    this.#parked.delete(state.parked);
    parked.stopTimer();
    parked.release();
    this.#feed(parked, isObject(params['inputResponses']) ? params['inputResponses'] : {});
    return { kind: 'call', call: parked.call };
  }

  /** What a server's outcome becomes for a modern client: its state sealed, its legacy ways translated. */
  forModern(exchange: Resolved, outcome: Outcome): Outcome {
    if (outcome.kind === 'error' && outcome.error.code === URL_ELICITATION_REQUIRED) return this.#urlElicitations(exchange, outcome);
    if (outcome.kind !== 'result' || this.#made.has(outcome.result) || outcome.result.member('resultType') !== '"input_required"') return outcome;
    const result = outcome.result.value;
    for (const request of Object.values(isObject(result['inputRequests']) ? result['inputRequests'] : {})) {
      const params = isObject(request) && isObject(request['params']) ? request['params'] : {};
      const missing = missingCapability(isObject(request) ? String(request['method']) : '', params, exchange.client);
      if (missing !== undefined) return { kind: 'fault', fault: new Fault('request.capability_missing', { data: { requiredCapabilities: missing } }) };
    }
    const marked = withMarkedForms(outcome.result, exchange.target.as);
    if (typeof result['requestState'] !== 'string') return marked === outcome.result ? outcome : { kind: 'result', result: marked };
    return this.#withState(exchange, marked, { state: result['requestState'] });
  }

  /** Nothing of a stopping gateway may leave a server waiting. */
  close(): void {
    for (const { call, stopTimer } of this.#parked.values()) {
      stopTimer();
      call.cancel('the gateway is stopping');
    }
    this.#parked.clear();
  }

  #feed(parked: Parked, responses: JsonObject): void {
    const missing = new Map<string, ServerRequest>();
    for (const [key, request] of parked.asked) {
      const response = responses[key];
      if (isObject(response)) request.reply(response);
      else missing.set(key, request);
    }
    if (missing.size > 0) this.#deps.clock.after(0, () => this.park(parked.call, missing));
  }

  #urlElicitations(exchange: Resolved, outcome: Outcome & { readonly kind: 'error' }): Outcome {
    const data = outcome.error.data;
    const list = isObject(data) && Array.isArray(data['elicitations']) ? data['elicitations'] : [];
    const entries = list.filter(isObject).map((elicitation, index) => [`input_${index + 1}`, { method: 'elicitation/create', params: { ...withoutLegacyMembers(elicitation), mode: 'url' } }] as const);
    if (entries.length === 0) return outcome;
    return this.forModern(exchange, { kind: 'result', result: RawObject.of({ resultType: 'input_required', inputRequests: Object.fromEntries(entries), requestState: '' }) });
  }

  #withState(exchange: Resolved, result: RawObject, state: { readonly state: string }): Outcome {
    const own = state.state === '' ? {} : state;
    const sealed = this.#seal({ untilMs: this.#deps.clock.nowMs() + STATE_MS, server: exchange.target.server, ...own }, exchange);
    return { kind: 'result', result: RawObject.of({ ...result.value, requestState: sealed }) };
  }

  #seal(state: State, exchange: Resolved): string {
    return this.#deps.sealer.seal(JSON.stringify(state), contextOf(exchange));
  }

  #open(sealed: unknown, exchange: Resolved): State {
    const text = typeof sealed === 'string' ? this.#deps.sealer.open(withoutHandle(sealed), contextOf(exchange)) : undefined;
    if (text === undefined) throw invalidState();
    const state = JSON.parse(text) as State;
    if (state.untilMs < this.#deps.clock.nowMs()) throw invalidState();
    return state;
  }
}

function invalidState(): Fault {
  return new Fault('request.params_invalid', { message: 'requestState is not valid here or has expired; start the request again.', reason: 'request_state_invalid' });
}

function contextOf({ endpoint, principal, method, params }: Resolved): string {
  const { _meta, inputResponses, requestState, ...asked } = params;
  return ['requestState', endpoint.name, principal.id, method, hash('sha256', canonicalJson(asked))].join('\n');
}

/** The same object where no form asks for a secret. */
function withMarkedForms(result: RawObject, as: string): RawObject {
  const { inputRequests } = result.value;
  const marked = isObject(inputRequests) ? markedRequests(inputRequests, as) : inputRequests;
  return marked === inputRequests ? result : RawObject.of({ ...result.value, inputRequests: marked });
}

/** Members of an elicitation that only make sense where the server can send `notifications/elicitation/complete`. */
function withoutLegacyMembers(params: JsonObject): JsonObject {
  const { elicitationId: _, _meta, ...rest } = params;
  return rest;
}
