/**
 * What both families have in common: requests out, answers and notifications in, and the end of it all.
 * A subclass knows how its family frames a request, cancels one, and what else a server may send.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Envelope, RawObject } from '../protocol/envelope.ts';
import type { JsonObject, JsonValue, RpcError } from '../protocol/messages.ts';
import type { Link, LinkEvents, Outgoing } from './link.ts';
import type { PeerPort } from './link-port.ts';
import { isWanted } from './log-level.ts';
import { type PendingCall, PendingCalls, type PendingOwner } from './pending.ts';
import type { Call, CallEvents, ServerProfile, Upstream, UpstreamEvents, UpstreamRequest, Watched } from './upstream.ts';

export interface PeerDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** `clientInfo` of the gateway: `{name, version}`. */
  readonly gatewayInfo: JsonObject;
  readonly events: UpstreamEvents;
  /** Whether to declare that sampling, elicitation and roots can be asked for. */
  readonly isInteractive: boolean;
  /** What to declare at `initialize`; undefined: everything that some client may be able to do, or nothing. */
  readonly declares?: JsonObject | undefined;
  /**
   * Whose calls this connection carries, now. What a server says over stdio or SSE without naming a call belongs to one
   * of them: on a connection of nobody in particular it can be given to nobody. Undefined: one client's.
   */
  readonly ownership?: () => 'nobody' | 'principal' | 'session';
  /** The server asked something without saying because of which call. */
  readonly onAsked?: () => void;
  /** A client's call ended; `fault` undefined where the server answered. */
  readonly onSettled?: (fault: Fault | undefined) => void;
  /** Counts what was dropped: `unknown_id`, `progress`, `rate`, `server_request`, or a reason of the link. */
  readonly onDropped: (reason: string, detail: string) => void;
}

/** Everything a client can be asked; declared where some client may be able to answer (2025-11-25, ClientCapabilities). */
export const INTERACTIVE_CAPABILITIES: JsonObject = {
  sampling: { context: {}, tools: {} },
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
  // MCP Apps (SEP-1865): servers list their interactive tools only to who can show them; some client may.
  extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } },
};

/** Notifications of one connection that are passed on in one second; the rest is dropped and counted. */
const NOTICES_PER_SECOND_MAX = 1_000;
const RATE_WINDOW_MS = 1_000;

/** Faults of requests that found nobody at the server's address. */
const UNREACHABLE: ReadonlySet<string> = new Set(['upstream_refused', 'upstream_dns', 'upstream_tls', 'upstream_timeout']);
const REFUSALS_MAX = 3;

export abstract class Peer implements Upstream, LinkEvents, PendingOwner {
  abstract readonly profile: ServerProfile;
  readonly clock: Clock;
  readonly server: string;
  protected readonly spec: ServerSpec;
  protected readonly deps: PeerDeps;
  protected readonly link: Link;
  protected readonly calls: PendingCalls;
  #end: Fault | undefined;
  #refusals = 0;
  #noticeCount = 0;
  #noticeWindowMs = Number.NEGATIVE_INFINITY;

  /** `lastId`: ids up to it were used on this link before. */
  constructor(port: PeerPort, spec: ServerSpec, deps: PeerDeps, lastId: number) {
    this.clock = deps.clock;
    this.server = spec.name;
    this.spec = spec;
    this.deps = deps;
    this.link = port.link;
    this.calls = new PendingCalls(this, lastId);
  }

  get inFlight(): number {
    return this.calls.clientCount;
  }

  get pid(): number | undefined {
    return this.link.pid;
  }

  /** Watches resources for somebody, so it is in use also without calls. */
  abstract readonly isWatching: boolean;

  get isGone(): boolean {
    return this.#end !== undefined;
  }

  send(request: UpstreamRequest, events: CallEvents): Call {
    const call = this.calls.open({ request, events, isOwn: false });
    this.dispatch(call);
    return call;
  }

  /** A request of the gateway itself. */
  ask(method: string, params: JsonObject, timeoutMs: number): Promise<RawObject> {
    return askPeer((request, events) => {
      const call = this.calls.open({ request, events, isOwn: true });
      this.dispatch(call);
      return call;
    }, ownRequest(method, params, timeoutMs));
  }

  abstract notify(method: string, params: JsonObject): void;
  abstract watch(watched: Watched): Promise<void>;
  abstract abandon(call: PendingCall, reason: string): void;
  abstract close(): Promise<void>;
  protected abstract frame(call: PendingCall): Outgoing;
  protected abstract takeRequest(envelope: Envelope, carrier: number | undefined): void;
  protected abstract takeNotice(method: string, params: JsonObject, carrier: number | undefined): void;
  /** A result that may be given to the call; a fault where the family's rules forbid it. */
  protected abstract checkResult(call: PendingCall, result: RawObject): Fault | undefined;

  /** Whether a server of this family speaks of a request only while it is under way, so that the only one there is must be meant. */
  protected abstract readonly isTimely: boolean;

  stderrTail(): string {
    return this.link.stderrTail();
  }

  message(envelope: Envelope, carrier: number | undefined): void {
    this.#refusals = 0;
    if (envelope.kind === 'request') this.takeRequest(envelope, carrier);
    else if (envelope.kind === 'notification') this.#takeNotification(envelope, carrier);
    else this.#takeAnswer(envelope, carrier);
  }

  failed(id: number, fault: Fault, _status?: number): void {
    const call = this.calls.find(id);
    if (call !== undefined) this.calls.fail(call, fault);
    this.noteRefusal(fault);
  }

  /** HTTP has no connection that ends: a server that cannot be reached time and again is as gone as a process that exited. */
  protected noteRefusal(fault: Fault): void {
    if (fault.code !== 'upstream.unavailable' || !UNREACHABLE.has(fault.reason ?? '')) return;
    if (++this.#refusals < REFUSALS_MAX || this.inFlight > 0) return;
    this.closed(new Fault('upstream.closed', { server: this.server, effect: 'not_executed', reason: fault.reason ?? 'unreachable', detail: `unreachable: ${fault.detail ?? ''}` }));
    void this.link.close();
  }

  dropped(reason: string, detail: string): void {
    this.deps.onDropped(reason, detail);
  }

  closed(fault: Fault): void {
    if (this.#end !== undefined) return;
    this.#end = fault;
    this.onGone();
    this.calls.endAll(fault);
    this.deps.events.closed(fault);
  }

  settled(fault: Fault | undefined): void {
    this.deps.onSettled?.(fault);
    if (this.calls.clientCount === 0 && this.#end === undefined) this.deps.events.idle?.();
  }

  /** Timers to stop, questions to forget. */
  protected onGone(): void {}

  protected dispatch(call: PendingCall): void {
    try {
      if (this.#end !== undefined) throw new Fault('upstream.closed', { server: this.server, detail: this.#end.detail ?? this.#end.message });
      const message = this.frame(call);
      call.events.sent?.(message.text);
      this.link.send(message);
    } catch (thrown) {
      // Not a byte was sent. Later, so that the caller holds its Call when the end comes.
      const fault = thrown instanceof Fault ? thrown : new Fault('gateway.bug', { cause: thrown, detail: String(thrown) });
      const { code, detail, reason } = fault;
      const refusal = new Fault(code, { server: this.server, effect: 'not_executed', cause: thrown, ...(detail === undefined ? {} : { detail }), ...(reason === undefined ? {} : { reason }) });
      void Promise.resolve().then(() => this.calls.fail(call, refusal));
    }
  }

  /** A notification or reply of ours; a link that cannot take it is counted, not fatal. */
  protected write(message: Outgoing): void {
    if (this.#end !== undefined) return;
    try {
      this.link.send(message);
    } catch (thrown) {
      this.deps.onDropped('not_sent', `${message.method}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  /** An HTTP server that refuses a request without reading it names no id; then the carrier says which one. */
  protected onNamelessError(call: PendingCall, error: RpcError): void {
    this.calls.end(call, { kind: 'error', error });
  }

  #takeAnswer(envelope: Envelope, carrier: number | undefined): void {
    const isNameless = envelope.kind === 'error' && envelope.id === undefined;
    const call = this.calls.find(isNameless ? carrier : envelope.id);
    if (call === undefined || (carrier !== undefined && carrier !== call.id)) {
      this.deps.onDropped('unknown_id', `${envelope.kind} with id ${JSON.stringify(envelope.id ?? null).slice(0, 80)}`);
      return;
    }
    const { body } = envelope;
    if (body === undefined) return;
    if (envelope.kind === 'error') {
      const error = toRpcError(body.value);
      if (isNameless) this.onNamelessError(call, error);
      else this.calls.end(call, { kind: 'error', error });
      return;
    }
    const fault = this.checkResult(call, body);
    this.calls.end(call, fault === undefined ? { kind: 'result', result: body } : { kind: 'fault', fault });
  }

  #takeNotification(envelope: Envelope, carrier: number | undefined): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#noticeWindowMs >= RATE_WINDOW_MS) {
      this.#noticeWindowMs = nowMs;
      this.#noticeCount = 0;
    }
    // A list change is one bit, told again by none: it always counts, and whoever hears of it coalesces.
    if (!envelope.method.endsWith('/list_changed') && ++this.#noticeCount > NOTICES_PER_SECOND_MAX) {
      this.deps.onDropped('rate', envelope.method);
      return;
    }
    const params = envelope.body?.value ?? {};
    if (envelope.method === 'notifications/progress') this.#takeProgress(params, carrier);
    else this.takeNotice(envelope.method, params, carrier);
  }

  /** Our token is our id. Progress must increase (basic/patterns/progress) and stops with the answer. */
  #takeProgress(params: JsonObject, carrier: number | undefined): void {
    const token = params['progressToken'];
    const progress = params['progress'];
    const call = typeof token === 'number' ? this.calls.find(token) : undefined;
    const clientToken = call?.request.progressToken;
    const isOurs = call !== undefined && clientToken !== undefined && (carrier === undefined || carrier === call.id);
    if (!isOurs || typeof progress !== 'number' || !(progress > call.progress)) {
      this.deps.onDropped('progress', `token ${JSON.stringify(token ?? null).slice(0, 80)}`);
      return;
    }
    call.progress = progress;
    call.events.notify('notifications/progress', { ...params, progressToken: clientToken });
  }

  /** Which client request caused a message without saying so: the one of its carrier, else the only one there is. */
  protected causeOf(carrier: number | undefined): PendingCall | undefined {
    if (carrier === undefined && !this.isTimely && this.deps.ownership?.() === 'nobody') return undefined;
    if (carrier === undefined) return this.calls.onlyClientCall();
    const call = this.calls.find(carrier);
    return call?.isOwn === true ? undefined : call;
  }

  protected takeLog(params: JsonObject, carrier: number | undefined): void {
    const call = this.causeOf(carrier);
    if (call === undefined) {
      if (carrier === undefined) this.deps.events.log(params);
    } else if (isWanted(params['level'], call.request.logLevel)) call.events.notify('notifications/message', params);
  }
}

export function ownRequest(method: string, params: JsonObject, timeoutMs: number): UpstreamRequest {
  return { method, params, timeoutMs, progressToken: undefined, clientCapabilities: INTERACTIVE_CAPABILITIES, clientInfo: undefined, logLevel: undefined, headers: {} };
}

/** One request as a promise: its result, or a Fault; a JSON-RPC error of the server becomes `upstream.protocol_error`, its code in `data`. */
export function askPeer(send: Upstream['send'], request: UpstreamRequest): Promise<RawObject> {
  return new Promise((resolve, reject) => {
    send(request, {
      notify: () => undefined,
      ask: (question) => question.refuse({ code: -32601, message: 'Method not found' }),
      end(outcome) {
        if (outcome.kind === 'result') resolve(outcome.result);
        else if (outcome.kind === 'fault') reject(outcome.fault);
        else reject(new Fault('upstream.protocol_error', { reason: 'error_answer', detail: `${request.method}: ${outcome.error.code} ${outcome.error.message.slice(0, 500)}`, data: { code: outcome.error.code } }));
      },
    });
  });
}

export function toRpcError(value: JsonObject): RpcError {
  const data: JsonValue | undefined = value['data'];
  return { code: Number(value['code']), message: String(value['message']), ...(data === undefined ? {} : { data }) };
}

/** A request's text. `params` may hold `JSON.rawJSON` numbers; they are written as they came. */
export function requestText(id: number, method: string, params: JsonObject): string {
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${JSON.stringify(params)}}`;
}

export function noticeText(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}
