/**
 * One request of a client on its way at a server: carries notifications back, and brings what the server asks of the
 * client into the form that the client's revision has. A modern client has no way to be asked in the middle of a call,
 * so there the call is parked: the exchange ends with `input_required`, and a later exchange takes the call up again.
 */
import type { Clock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { type JsonObject, MODERN_REVISION } from '../protocol/messages.ts';
import { MAY_NEED_INPUT } from '../protocol/revisions.ts';
import { isWanted } from '../upstream/log-level.ts';
import type { Call, CallEvents, Outcome, ServerRequest } from '../upstream/upstream.ts';
import { missingCapability } from './capabilities.ts';
import type { Deliveries } from './deliveries.ts';
import type { Admitted } from './exchange.ts';
import { markedForm } from './secret-forms.ts';
import type { InFlight } from './in-flight.ts';
import { type TaskIds, viewerOf } from './task-ids.ts';

/** Notifications kept while a call is parked. */
const BUFFERED_MAX = 100;
/** What a server asks within so long is put to the client together: its requests may arrive one by one. */
const TOGETHER_MS = 10;

export interface RoutedCallDeps {
  readonly clock: Clock;
  readonly taskIds: TaskIds;
  readonly deliveries: Deliveries;
  /** Ends the exchange with `input_required` for these requests. */
  readonly park: (call: RoutedCall, asked: ReadonlyMap<string, ServerRequest>) => void;
}

export class RoutedCall implements CallEvents, InFlight {
  readonly #deps: RoutedCallDeps;
  #exchange: Admitted;
  #settle: ((outcome: Outcome) => void) | undefined;
  /** The end that came while nobody listened. */
  #outcome: Outcome | undefined;
  #call: Call | undefined;
  #lastProgress = Number.NEGATIVE_INFINITY;
  #buffered: { readonly method: string; readonly params: JsonObject }[] = [];
  /** Asked by the server and not parked yet; made when first needed. */
  #asked: Map<string, ServerRequest> | undefined;
  #askCount = 0;
  /** What the server asked and the client cannot do. */
  #missing: JsonObject | undefined;
  #cancelAsks: Set<(reason: string) => void> | undefined;
  #cancelled: string | undefined;

  constructor(exchange: Admitted, deps: RoutedCallDeps) {
    this.#exchange = exchange;
    this.#deps = deps;
  }

  get exchange(): Admitted {
    return this.#exchange;
  }

  /** Only while somebody looks on. */
  get sent(): ((text: string) => void) | undefined {
    const { endpoint, target } = this.#exchange;
    return endpoint.inspected && ((text) => endpoint.inspected?.trace('sent', target.server, text));
  }

  /** The server has answered, or never will. */
  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  /** Starts the call (again, for another round) with `send`, or goes on listening to it for a new exchange. Rejects when it was cancelled before. */
  run(exchange: Admitted, send?: (events: CallEvents) => Call): Promise<Outcome> {
    this.#exchange = exchange;
    this.throwIfCancelled();
    if (send !== undefined) this.#outcome = undefined;
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (send !== undefined) this.#call = send(this);
      for (const { method, params } of this.#buffered.splice(0)) this.notify(method, params);
      if (this.#outcome !== undefined) this.end(this.#outcome);
      // Asked while the call was parked for something else.
      else if (this.#asked !== undefined) this.#parkSoon();
    });
  }

  cancel(reason: string): void {
    this.#cancelled ??= reason;
    this.#endAsks(reason);
    this.#call?.cancel(reason);
  }

  /** Throws `request.cancelled` where the client wants no more of this. */
  throwIfCancelled(): void {
    if (this.#cancelled !== undefined) throw new Fault('request.cancelled', { detail: this.#cancelled, ...(this.#call === undefined ? { effect: 'not_executed' as const } : {}) });
  }

  hold(): () => void {
    return this.#call?.hold() ?? (() => undefined);
  }

  send(message: string): boolean {
    return this.#exchange.reply.send(message);
  }

  /** Ends the exchange but not the call. */
  detach(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }

  end(outcome: Outcome): void {
    this.#traceEnd(outcome);
    this.#outcome = outcome;
    this.#endAsks('the call ended');
    this.detach(this.#missing !== undefined && isFailure(outcome) ? { kind: 'fault', fault: new Fault('request.capability_missing', { data: { requiredCapabilities: this.#missing } }) } : outcome);
  }

  notify(method: string, params: JsonObject): void {
    this.#trace({ method, params });
    if (this.#settle === undefined) {
      if (this.#buffered.length < BUFFERED_MAX) this.#buffered.push({ method, params });
      return;
    }
    if (method === 'notifications/progress') {
      this.#tellProgress(params);
      return;
    }
    const { client } = this.#exchange;
    if (method === 'notifications/message' && !isWanted(params['level'], client.session?.logLevel ?? client.logLevel)) return;
    this.send(JSON.stringify({ jsonrpc: '2.0', method, params: this.#exposed(params) }));
  }

  /**
   * A client that cannot do what the server asks refuses it; what the server then makes of it counts, so that a tool
   * that can do without still works. Only where it fails is the missing capability the answer (-32021).
   */
  ask(request: ServerRequest): void {
    this.#trace({ method: request.method, params: request.params });
    const { client } = this.#exchange;
    const missing = missingCapability(request.method, request.params, client);
    if (missing !== undefined) {
      if (client.revision === MODERN_REVISION) this.#missing ??= missing;
      request.refuse({ code: -32601, message: 'Method not found' });
    } else if (client.session === undefined && !MAY_NEED_INPUT.has(this.#exchange.method)) {
      // No other request of a modern client may be answered with a question.
      request.refuse({ code: -32601, message: 'Method not found' });
    } else if (client.session === undefined) this.#collect(request);
    else this.#relay(request);
  }

  /** Legacy client: asked over the stream of the very request that caused it. Resolves with the client's result. */
  async askClient(method: string, params: JsonObject, question?: ServerRequest): Promise<JsonObject> {
    const { client, reply } = this.#exchange;
    const { session } = client;
    if (session === undefined) throw new Fault('request.capability_missing', { reason: 'no_session' });
    this.throwIfCancelled();
    const { answer, cancel } = session.ask({ method, params, progress: question?.progress }, (message) => reply.send(message) || session.carry(message));
    const cancels = (this.#cancelAsks ??= new Set());
    cancels.add(cancel);
    if (question !== undefined) question.onWithdrawn = cancel;
    const settled = await answer.finally(() => cancels.delete(cancel));
    if (settled.kind === 'result') return settled.result;
    throw new Fault('request.cancelled', { message: 'The client could not answer what the server asked.', detail: settled.error.message, cause: settled.error });
  }

  #trace(message: JsonObject): void {
    const { endpoint, target } = this.#exchange;
    endpoint.inspected?.trace('received', target.server, JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  #traceEnd(outcome: Outcome): void {
    const { endpoint, target } = this.#exchange;
    if (endpoint.inspected === undefined || outcome === this.#outcome) return;
    if (outcome.kind === 'result') endpoint.inspected.trace('received', target.server, `{"jsonrpc":"2.0","result":${outcome.result.text}}`);
    else if (outcome.kind === 'error') this.#trace({ error: { ...outcome.error } });
    else this.#trace({ fault: { code: outcome.fault.code, detail: outcome.fault.detail ?? outcome.fault.message } });
  }

  #relay(request: ServerRequest): void {
    const exchange = this.#exchange;
    const { session } = exchange.client;
    const { elicitationId } = request.params;
    if (session !== undefined && typeof elicitationId === 'string') this.#deps.deliveries.remember('elicitation', exchange.target.server, elicitationId, session);
    const release = this.hold();
    this.askClient(request.method, markedForm(request.method, this.#exposed(request.params), exchange.target.as), request)
      .then((result) => request.reply(this.#deps.taskIds.ownInMessage(result, exchange)))
      .catch((thrown: unknown) => request.refuse(errorOf(thrown)))
      .finally(release);
  }

  /** Modern client: what is asked in one go is parked together. */
  #collect(request: ServerRequest): void {
    const asked = this.#asked ?? new Map<string, ServerRequest>();
    const key = `input_${++this.#askCount}`;
    asked.set(key, request);
    request.onWithdrawn = () => asked.delete(key);
    if (this.#asked !== undefined) return;
    this.#asked = asked;
    if (this.#settle !== undefined) this.#parkSoon();
  }

  #parkSoon(): void {
    this.#deps.clock.after(TOGETHER_MS, () => {
      const asked = this.#asked;
      if (asked === undefined || this.#settle === undefined) return;
      this.#asked = undefined;
      if (asked.size > 0) this.#deps.park(this, asked);
    });
  }

  #endAsks(reason: string): void {
    for (const cancel of [...(this.#cancelAsks ?? [])]) cancel(reason);
  }

  /** Progress must grow over the whole call, also when it takes several rounds; each round may have a token of its own. */
  #tellProgress(params: JsonObject): void {
    const progress = Number(params['progress']);
    const { progressToken } = this.#exchange;
    if (progressToken === undefined || !(progress > this.#lastProgress)) return;
    this.#lastProgress = progress;
    this.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: this.#exposed({ ...params, progressToken }) }));
  }

  #exposed(params: JsonObject): JsonObject {
    return this.#deps.taskIds.inMessage(params, this.#exchange.target.server, viewerOf(this.#exchange));
  }
}

function isFailure(outcome: Outcome): boolean {
  return outcome.kind === 'error' || (outcome.kind === 'result' && outcome.result.member('isError') === 'true');
}

/** What the client itself said, else that it could not be asked. */
function errorOf(thrown: unknown): { readonly code: number; readonly message: string } {
  const fault = toFault(thrown);
  const { cause } = fault;
  if (typeof cause === 'object' && cause !== null && 'code' in cause && 'message' in cause && typeof cause.code === 'number') return { ...cause, code: cause.code, message: String(cause.message) };
  return { code: -32603, message: fault.message };
}
