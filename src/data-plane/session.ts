/**
 * One session of a client before 2026-07-28: who the client is, what it has under way, what it was asked, and the streams
 * that carry what it is told.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { isObject, type JsonObject, type RequestId, type Revision, type RpcError } from '../protocol/messages.ts';
import { EventStream } from './event-stream.ts';
import { InFlightList } from './in-flight.ts';
import type { SessionOpening } from './session-opening.ts';

/** A finished stream can still be fetched for so long after its end. */
const RESUME_WINDOW_MS = 5 * 60_000;
const STREAMS_PER_SESSION_MAX = 256;
/** Earlier clients take an event without a message for a broken one (2025-11-25, Transports, "Sending Messages to the Server"). */
const PRIMED_SINCE = '2025-11-25' satisfies Revision;
/** A person has so long to answer. */
const ANSWER_MS = 10 * 60_000;

/** The client's answer to a request of ours. */
export type ClientAnswer = { readonly kind: 'result'; readonly result: JsonObject } | { readonly kind: 'error'; readonly error: RpcError };

/** A request of ours that the client has not answered yet. */
interface Asked {
  readonly settle: (answer: ClientAnswer) => void;
  /** How far the client is with it. */
  readonly progress: (params: JsonObject) => void;
  readonly stopTimer: CancelTimer;
}

/** A question to the client. */
export interface Question {
  readonly method: string;
  readonly params: JsonObject;
  /** Who asks wants to know how far the answer is; called with the params of each `notifications/progress`. */
  readonly progress?: ((params: JsonObject) => void) | undefined;
}

export class Session {
  #opening: SessionOpening;
  /** Stable and safe to log; not the id that the client shows. */
  readonly label: string;
  readonly openedMs: number;
  readonly inFlight = new InFlightList();
  #watched: readonly string[] = [];
  readonly #clock: Clock;
  readonly #asked = new Map<RequestId, Asked>();
  readonly #streams = new Map<string, EventStream>();
  #mains: EventStream[] = [];
  #streamCount = 0;
  #askCount = 0;
  lastUsedMs: number;
  #logLevel = 'info';
  isEnded = false;
  onEnd: () => void = () => undefined;
  /** What another gateway would have to know is another. */
  onChange: () => void = () => undefined;

  constructor(opening: SessionOpening, label: string, clock: Clock) {
    this.#opening = opening;
    this.label = label;
    this.#clock = clock;
    this.openedMs = clock.monotonicMs();
    this.lastUsedMs = this.openedMs;
  }

  get opening(): SessionOpening {
    return this.#opening;
  }

  /** Set by `logging/setLevel`; until then what a client usually wants to see. */
  get logLevel(): string {
    return this.#logLevel;
  }

  set logLevel(level: string) {
    this.#logLevel = level;
    this.onChange();
  }

  /** Exposed URIs that the session watches are others now. */
  watches(uris: Iterable<string>): void {
    this.#watched = [...uris];
    this.onChange();
  }

  get watched(): readonly string[] {
    return this.#watched;
  }

  /** A 2024-11-05 session is there before its `initialize` says who the client is. */
  negotiated(revision: Revision, capabilities: JsonObject, info: JsonObject | undefined): void {
    this.#opening = { ...this.#opening, revision, capabilities, info };
    this.onChange();
  }

  /** What carries messages that belong to no request: the newest GET stream, or the one stream of a 2024-11-05 client. */
  get main(): EventStream | undefined {
    return this.#mains.findLast((stream) => stream.isAttached) ?? this.#mains.at(-1);
  }

  addMain(stream: EventStream): void {
    this.#mains = [...this.#mains.filter((known) => known.isAttached), stream];
  }

  /** A new stream of this session; resumable by its name. */
  openStream(): EventStream {
    const name = `s${++this.#streamCount}`;
    const onEnd = (): void => void this.#clock.after(RESUME_WINDOW_MS, () => this.#streams.delete(name));
    const stream = new EventStream({ clock: this.#clock, name, isPrimed: this.#opening.revision >= PRIMED_SINCE, onEnd });
    this.#streams.set(name, stream);
    if (this.#streams.size > STREAMS_PER_SESSION_MAX) this.#forgetOldestEnded();
    return stream;
  }

  /** The stream of an event id, and the sequence number after which it goes on. */
  findStream(eventId: string): { readonly stream: EventStream; readonly sinceSequence: number } | undefined {
    const cut = eventId.lastIndexOf('_');
    const stream = this.#streams.get(eventId.slice(0, cut));
    const sinceSequence = Number(eventId.slice(cut + 1));
    return stream === undefined || !Number.isSafeInteger(sinceSequence) ? undefined : { stream, sinceSequence };
  }

  /** Sends a notification that belongs to no request. False when there is no stream to carry it. */
  notify(method: string, params: JsonObject | undefined): boolean {
    return this.main !== undefined && this.main.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /**
   * Sends a message that belongs to the session but to no known request: over its own stream, else over the stream of
   * its latest request. False where there is none.
   */
  carry(message: string): boolean {
    if (this.main?.isAttached === true && this.main.send(message)) return true;
    for (const request of this.inFlight.all()) if (request.send(message)) return true;
    return this.main?.send(message) === true;
  }

  /**
   * Asks the client something over `send` (the stream of the request that caused it). After ten minutes without an
   * answer the question is withdrawn. Throws `request.capability_missing` where nothing can carry it.
   */
  ask({ method, params, progress }: Question, send: (message: string) => boolean): { readonly answer: Promise<ClientAnswer>; cancel(reason: string): void } {
    const id = `metamcp-${++this.#askCount}`;
    const meta = params['_meta'];
    // The server's token is unique at that server only; our id is unique here.
    const sent = isObject(meta) && meta['progressToken'] !== undefined ? { ...params, _meta: { ...meta, progressToken: id } } : params;
    let settle: (answer: ClientAnswer) => void = () => undefined;
    const answer = new Promise<ClientAnswer>((resolve) => {
      settle = resolve;
    });
    const cancel = (reason: string): void => {
      if (this.#take(id) === undefined) return;
      send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason } }));
      settle({ kind: 'error', error: { code: -32603, message: reason } });
    };
    const stopTimer = this.#clock.after(ANSWER_MS, () => cancel('no answer in time'));
    this.#asked.set(id, { settle, progress: progress ?? (() => undefined), stopTimer });
    if (!send(JSON.stringify({ jsonrpc: '2.0', id, method, params: sent }))) {
      this.#take(id);
      throw new Fault('request.capability_missing', { reason: 'no_stream' });
    }
    return { answer, cancel };
  }

  /** The client's answer to `ask`; accepted once, from this session only. */
  answered(id: RequestId, answer: ClientAnswer): boolean {
    const asked = this.#take(id);
    asked?.settle(answer);
    return asked !== undefined;
  }

  /** The client says how far its answer is. */
  progressed(params: JsonObject): void {
    const token = params['progressToken'];
    if (typeof token !== 'string') return;
    const { progressToken: _, ...rest } = params;
    this.#asked.get(token)?.progress(rest);
  }

  #take(id: RequestId): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.stopTimer();
    return asked;
  }

  /** A call is under way that does not wait for the client. */
  get isBusy(): boolean {
    return this.inFlight.size > 0 && this.#asked.size === 0;
  }

  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const call of this.inFlight.all()) call.cancel('the session ended');
    for (const id of [...this.#asked.keys()]) this.answered(id, { kind: 'error', error: { code: -32603, message: 'The session ended' } });
    for (const stream of [...this.#streams.values(), ...this.#mains]) stream.end();
    this.#streams.clear();
    this.onEnd();
  }

  #forgetOldestEnded(): void {
    for (const [name, stream] of this.#streams) {
      if (!stream.isEnded) continue;
      this.#streams.delete(name);
      return;
    }
  }
}
