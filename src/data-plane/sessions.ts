/**
 * Sessions of clients before 2026-07-28. A session belongs to one endpoint, principal and credential: shown by anyone
 * else, its id is as unknown as one that never was. Ids are kept as digests; in clear only with the
 * connection that shows them, as long as it lives.
 */
import { hash } from 'node:crypto';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Principal } from '../model/principal.ts';
import type { Revision } from '../protocol/messages.ts';
import { Session } from './session.ts';
import type { SessionOpening } from './session-opening.ts';
import type { Sharing } from './sharing.ts';

/** Such a client has no session without its stream (2024-11-05, Transports, "HTTP with SSE"). */
const STREAM_IS_SESSION = '2024-11-05' satisfies Revision;

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
