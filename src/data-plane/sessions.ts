/**
 * Sessions of clients before 2026-07-28. A session belongs to one endpoint, principal and credential: shown by anyone
 * else, its id is as unknown as one that never was. Ids are kept as digests; in clear only with the
 * connection that shows them, as long as it lives.
 */
import { hash } from 'node:crypto';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Principal } from '../model/principal.ts';
import { isObject, type JsonObject, type RequestId, type Revision, type RpcError } from '../protocol/messages.ts';
import { EventStream } from './event-stream.ts';
import { InFlightList } from './in-flight.ts';
import type { SessionOpening } from './session-opening.ts';
import type { Sharing } from './sharing.ts';

/** A finished stream can still be fetched for so long after its end. */
const RESUME_WINDOW_MS = 5 * 60_000;
const STREAMS_PER_SESSION_MAX = 256;
/** Earlier clients take an event without a message for a broken one (2025-11-25, Transports, "Sending Messages to the Server"). */
const PRIMED_SINCE = '2025-11-25' satisfies Revision;
/** Such a client has no session without its stream (2024-11-05, Transports, "HTTP with SSE"). */
const STREAM_IS_SESSION = '2024-11-05' satisfies Revision;
/** A person has so long to answer. */
const ANSWER_MS = 10 * 60_000;

export interface SessionLimits {
  readonly idleMs: number;
  readonly totalMs: number;
  readonly perCredentialMax: number;
  readonly max: number;
}

const SESSION_TOTAL_MS = 24 * 3_600_000;

/** One credential may hold half of all sessions: a client that forgets to end its own locks nobody else out. */
export function sessionLimits(max: number, idleMs: number): SessionLimits {
  return { idleMs, totalMs: SESSION_TOTAL_MS, perCredentialMax: Math.max(1, Math.ceil(max / 2)), max };
}

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

export interface SessionsDeps {
  /** Whatever the session held elsewhere is freed. */
  readonly ended: (session: Session) => void;
  readonly clock: Clock;
  /** At least 128 random bits, visible ASCII. */
  readonly randomId: () => string;
  readonly limits: SessionLimits;
  /** Other gateways that may have to go on with a session; undefined: there are none. */
  readonly sharing?: Pick<Sharing, 'keep' | 'forget'> | undefined;
}

/** What a session is to a gateway that goes on with it. */
export interface RestoredSession {
  readonly opening: SessionOpening;
  readonly logLevel: string;
}

/** Enough for a proxy that has some clients share a connection. */
const SEEN_PER_CARRIER_MAX = 256;
const SWEEP_EVERY_MS = 10_000;
const DRAIN_MS = 10_000;
const DRAIN_EVERY_MS = 50;

export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #byDigest = new Map<string, Session>();
  readonly #byLabel = new Map<string, Session>();
  readonly #perCredential = new Map<string, number>();
  readonly #seenOn = new WeakMap<object, Map<string, Session>>();
  #stopSweep: CancelTimer;
  #opened = 0;
  /** What ends now goes on in another gateway. */
  #isClosing = false;
  readonly #moved = new WeakSet<Session>();

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    this.#stopSweep = this.#scheduleSweep();
  }

  get size(): number {
    return this.#byDigest.size;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  all(): Iterable<Session> {
    return this.#byDigest.values();
  }

  labelled(label: string | undefined): Session | undefined {
    return label === undefined ? undefined : this.#byLabel.get(label);
  }

  /** Throws `limit.overloaded` above the caps. The id is told once and not kept. */
  open(opening: SessionOpening): { readonly id: string; readonly session: Session } {
    const credential = opening.principal.credentialId;
    const count = this.#perCredential.get(credential) ?? 0;
    if (this.#byDigest.size >= this.#deps.limits.max || count >= this.#deps.limits.perCredentialMax) throw new Fault('limit.overloaded', { reason: 'too_many_sessions', retryAfterSeconds: 30 });
    const id = this.#deps.randomId();
    const session = this.#add(digestOf(id), opening);
    session.onChange();
    return { id, session };
  }

  /** Goes on with a session of a gateway that is gone; the caps are for new ones. */
  restore(id: string, { opening, logLevel }: RestoredSession): Session {
    const session = this.#add(digestOf(id), opening);
    session.logLevel = logLevel;
    return session;
  }

  has(id: string, carrier?: object): boolean {
    return this.#find(id, carrier) !== undefined;
  }

  /** Another gateway has it now: it ends here without being over. */
  drop(digest: string): void {
    const session = this.#byDigest.get(digest);
    if (session === undefined) return;
    this.#moved.add(session);
    session.end();
  }

  #add(digest: string, opening: SessionOpening): Session {
    const credential = opening.principal.credentialId;
    const session = new Session(opening, `session-${++this.#opened}`, this.#deps.clock);
    this.#byDigest.set(digest, session);
    this.#byLabel.set(session.label, session);
    this.#perCredential.set(credential, (this.#perCredential.get(credential) ?? 0) + 1);
    session.onChange = () => {
      // The stream of a 2024-11-05 client is its session: nobody can go on with it.
      if (session.opening.revision !== STREAM_IS_SESSION && !session.isEnded) this.#deps.sharing?.keep(digest, session);
    };
    session.onEnd = () => {
      this.#byDigest.delete(digest);
      this.#byLabel.delete(session.label);
      const left = (this.#perCredential.get(credential) ?? 1) - 1;
      if (left > 0) this.#perCredential.set(credential, left);
      else this.#perCredential.delete(credential);
      if (!this.#isClosing && !this.#moved.has(session)) this.#deps.sharing?.forget(digest);
      this.#deps.ended(session);
    };
    return session;
  }

  /** Throws `request.session_unknown` for ids that never were, have ended or belong to somebody else. `carrier` is the connection that showed the id. */
  get(id: string, endpoint: string, principal: Principal, carrier?: object): Session {
    const session = this.#find(id, carrier);
    const isOwn = session !== undefined && session.opening.endpoint === endpoint && session.opening.principal.id === principal.id && session.opening.principal.credentialId === principal.credentialId;
    if (session === undefined || !isOwn) throw new Fault('request.session_unknown');
    session.lastUsedMs = this.#deps.clock.monotonicMs();
    return session;
  }

  /** A connection usually shows ids that it has shown before: then they need not be digested again. */
  #find(id: string, carrier: object | undefined): Session | undefined {
    const seen = carrier && this.#seenOn.get(carrier);
    const known = seen?.get(id);
    if (known !== undefined && !known.isEnded) return known;
    const session = this.#byDigest.get(digestOf(id));
    if (carrier !== undefined) this.#remember(id, session, seen, carrier);
    return session;
  }

  #remember(id: string, session: Session | undefined, seen: Map<string, Session> | undefined, carrier: object): void {
    if (session === undefined) return void seen?.delete(id);
    const ids = seen ?? new Map<string, Session>();
    if (seen === undefined) this.#seenOn.set(carrier, ids);
    else if (seen.size >= SEEN_PER_CARRIER_MAX) seen.clear();
    // A copy: as V8 keeps it, part of a string keeps the whole of it, here a head.
    ids.set(Buffer.from(id, 'latin1').toString('latin1'), session);
  }

  /** Sessions without a call under way end now, the others with their last call, after ten seconds at the latest. */
  close(): void {
    this.#isClosing = true;
    this.#stopSweep();
    this.#drain(this.#deps.clock.monotonicMs() + DRAIN_MS);
  }

  #drain(endMs: number): void {
    const isOver = this.#deps.clock.monotonicMs() >= endMs;
    for (const session of [...this.#byDigest.values()]) if (isOver || !session.isBusy) session.end();
    if (this.#byDigest.size > 0) this.#stopSweep = this.#deps.clock.after(DRAIN_EVERY_MS, () => this.#drain(endMs));
  }

  #scheduleSweep(): CancelTimer {
    return this.#deps.clock.after(SWEEP_EVERY_MS, () => {
      const now = this.#deps.clock.monotonicMs();
      const { idleMs, totalMs } = this.#deps.limits;
      for (const session of [...this.#byDigest.values()]) {
        const isIdle = now - session.lastUsedMs > idleMs && session.main?.isAttached !== true && session.inFlight.size === 0;
        if (isIdle || now - session.openedMs > totalMs) session.end();
      }
      this.#stopSweep = this.#scheduleSweep();
    });
  }
}

function digestOf(id: string): string {
  return hash('sha256', id, 'base64url');
}
