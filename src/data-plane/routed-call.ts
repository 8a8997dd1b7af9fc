/**
 * One request of a client on its way at a server: carries notifications back, and brings what the server asks of the
 * client into the form that the client's revision has. A modern client has no way to be asked in the middle of a call,
 * so there the call is parked: the exchange ends with `input_required`, and a later exchange takes the call up again.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { type JsonObject, MODERN_REVISION } from '../protocol/messages.ts';
import type { Call, CallEvents, Outcome, ServerRequest } from '../upstream/upstream.ts';
import { missingCapability } from './capabilities.ts';
import type { Admitted } from './exchange.ts';

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
/** Notifications kept while a call is parked. */
const BUFFERED_MAX = 100;

export interface RoutedCallDeps {
  readonly clock: Clock;
  /** Ends the exchange with `input_required` for these requests. */
  readonly park: (call: RoutedCall, asked: ReadonlyMap<string, ServerRequest>) => void;
}

export class RoutedCall implements CallEvents {
  readonly #deps: RoutedCallDeps;
  #exchange: Admitted;
  #settle: ((outcome: Outcome) => void) | undefined;
  /** The end that came while nobody listened. */
  #outcome: Outcome | undefined;
  #call: Call | undefined;
  #lastProgress = Number.NEGATIVE_INFINITY;
  #buffered: { readonly method: string; readonly params: JsonObject }[] = [];
  #asked: Map<string, ServerRequest> | undefined;
  #askCount = 0;
  #cancelAsk: (reason: string) => void = () => undefined;

  constructor(exchange: Admitted, deps: RoutedCallDeps) {
    this.#exchange = exchange;
    this.#deps = deps;
  }

  get exchange(): Admitted {
    return this.#exchange;
  }

  /** Starts the call with `send`, or goes on listening to it for a new exchange. */
  run(exchange: Admitted, send?: (events: CallEvents) => Call): Promise<Outcome> {
    this.#exchange = exchange;
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (send !== undefined) this.#call = send(this);
      for (const { method, params } of this.#buffered.splice(0)) this.notify(method, params);
      if (this.#outcome !== undefined) this.end(this.#outcome);
    });
  }

  cancel(reason: string): void {
    this.#cancelAsk(reason);
    this.#call?.cancel(reason);
  }

  /** Ends the exchange but not the call. */
  detach(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }

  end(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#cancelAsk('the call ended');
    this.detach(outcome);
  }

  notify(method: string, params: JsonObject): void {
    if (this.#settle === undefined) {
      if (this.#buffered.length < BUFFERED_MAX) this.#buffered.push({ method, params });
      return;
    }
    if (method === 'notifications/progress' && !this.#isProgress(params)) return;
    if (method === 'notifications/message' && !this.#isLogWanted(params)) return;
    this.#exchange.reply.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  ask(request: ServerRequest): void {
    const { client } = this.#exchange;
    const missing = missingCapability(request.method, request.params, client);
    if (missing !== undefined) {
      request.refuse({ code: -32601, message: 'Method not found' });
      if (client.revision !== MODERN_REVISION) return;
      this.#call?.cancel('the client lacks a capability');
      this.end({ kind: 'fault', fault: new Fault('request.capability_missing', { data: { requiredCapabilities: missing } }) });
    } else if (client.session === undefined) this.#collect(request);
    else this.#relay(request);
  }

  /** Legacy client: asked over the stream of the very request that caused it. */
  #relay(request: ServerRequest): void {
    const { client, reply } = this.#exchange;
    const ask = client.session?.ask(request.method, request.params, (message) => reply.send(message) || client.session?.main?.send(message) === true);
    if (ask === undefined) return;
    this.#cancelAsk = ask.cancel;
    void ask.answer.then((answer) => {
      if (answer.kind === 'result') request.reply(answer.result);
      else request.refuse(answer.error);
    });
  }

  /** Modern client: what is asked in one go is parked together. */
  #collect(request: ServerRequest): void {
    const asked = this.#asked ?? new Map<string, ServerRequest>();
    asked.set(`input_${++this.#askCount}`, request);
    if (this.#asked !== undefined) return;
    this.#asked = asked;
    this.#deps.clock.after(0, () => {
      this.#asked = undefined;
      this.#deps.park(this, asked);
    });
  }

  /** Progress must grow over the whole call, also when it takes several rounds at the server. */
  #isProgress(params: JsonObject): boolean {
    const progress = Number(params['progress']);
    if (!(progress > this.#lastProgress)) return false;
    this.#lastProgress = progress;
    return true;
  }

  #isLogWanted(params: JsonObject): boolean {
    const wanted = this.#exchange.client.session?.logLevel ?? this.#exchange.client.logLevel;
    return wanted !== undefined && LEVELS.indexOf(String(params['level'])) >= LEVELS.indexOf(wanted);
  }
}
