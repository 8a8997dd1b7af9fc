/**
 * Streamable HTTP, both as revisions 2025-03-26 to 2025-11-25 have it (sessions, a listening GET, resumable streams)
 * and as 2026-07-28 does: one POST per message. Which of it is used depends on what the peer asks for.
 *
 * Nothing is ever sent twice here: when a connection breaks, the fault says whether the request may have arrived.
 */
import type { Clock } from '../../base/clock.ts';
import { RecentTable } from '../../base/recent-table.ts';
import { Fault } from '../../base/fault.ts';
import type { ServerSpec } from '../../model/server.ts';
import { EventStream, type EventStreamEvents } from '../dialer/event-stream-request.ts';
import { Notice } from '../dialer/notice.ts';
import { describeInvalid, readMessages } from '../dialer/read-messages.ts';
import { type LinkDeps, openServerTarget, type ServerTarget, withMessageHeaders } from '../dialer/server-target.ts';
import type { WirePool } from '../dialer/wire-pool.ts';
import type { WireHandler } from '../dialer/wire-request.ts';
import type { Link, LinkEvents, Outgoing } from '../link.ts';
import { Carrier, type CarrierHost } from './carrier.ts';
import { StreamFollower, type StreamPlace } from './stream-follower.ts';

/** Requests in flight at once on one link; more wait for a connection. */
const CONNECTIONS_MAX = 64;
/** Notifications and replies have connections of their own: a call may hold its connection until its reply arrives. */
const NOTICE_CONNECTIONS_MAX = 8;
const REQUESTS_MAX = 1_024;
const NOTICES_MAX = 1_024;
const NOTICE_TIMEOUT_MS = 10_000;
const DELETE_TIMEOUT_MS = 1_000;
const RESUME_ATTEMPTS_MAX = 5;
/** Until the server has taken this notification it may refuse everything else, so what follows waits for it. */
const BARRIER = 'notifications/initialized';

/**
 * Opens a link to `spec.url`. Nothing is dialled yet: an unreachable server shows in the first request.
 * Rejects with `config.value_missing`, `config.invalid` or `egress.refused`.
 */
export async function openHttpLink(spec: ServerSpec, values: (text: string) => string, deps: LinkDeps, events: LinkEvents): Promise<Link> {
  return new HttpLink(spec, openServerTarget(spec, values, deps), deps, events);
}

class HttpLink implements Link, CarrierHost {
  readonly kind = 'http';
  readonly pid = undefined;
  readonly server: string;
  readonly events: LinkEvents;
  readonly clock: Clock;
  readonly resultBytesMax: number;
  readonly #target: ServerTarget;
  readonly #random: () => number;
  readonly #requests: WirePool;
  readonly #notices: WirePool;
  readonly #postHeaders: readonly string[];
  readonly #carriers = new RecentTable<Carrier>();
  #noticeCount = 0;
  /** What waits behind the barrier, undefined where there is none. */
  #held: (() => void)[] | undefined;
  #listener: StreamFollower | undefined;
  #closing: Promise<void> | undefined;

  constructor(spec: ServerSpec, target: ServerTarget, deps: LinkDeps, events: LinkEvents) {
    this.server = spec.name;
    this.events = events;
    this.clock = deps.clock;
    this.resultBytesMax = spec.resultBytesMax;
    this.#target = target;
    this.#random = deps.random;
    this.#requests = target.openPool(CONNECTIONS_MAX);
    this.#notices = target.openPool(NOTICE_CONNECTIONS_MAX);
    this.#postHeaders = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream', ...target.headers];
  }

  send(message: Outgoing): void {
    if (this.#closing !== undefined) throw new Fault('upstream.closed', { server: this.server, effect: 'not_executed', detail: 'the link is closed' });
    if (message.id === undefined) {
      this.#sendNotice(message);
      return;
    }
    if (this.#carriers.size >= REQUESTS_MAX) throw new Fault('limit.overloaded', { server: this.server, detail: `${REQUESTS_MAX} requests under way` });
    const carrier = new Carrier(this, message, message.id);
    this.#carriers.add(message.id, carrier);
    if (this.#held === undefined) carrier.start();
    else this.#held.push(() => carrier.start());
  }

  abort(id: number): void {
    this.#carriers.get(id)?.abort();
  }

  listen(headers: Readonly<Record<string, string>>): void {
    if (this.#closing !== undefined) return;
    this.#listener?.close();
    this.#listener = new StreamFollower({
      clock: this.clock,
      random: this.#random,
      attemptsMax: Number.POSITIVE_INFINITY,
      open: (lastEventId, events) => this.#openStream(this.#notices, headers, lastEventId, events),
      data: (bytes) => this.#takeUnasked(bytes),
      oversized: () => this.events.dropped('too_large', 'an event of the listening stream'),
      gone: (why) => {
        // 405 is how a server says that it offers no such stream.
        if (why !== 'HTTP 405') this.events.dropped('not_delivered', `listening stream: ${why}`);
      },
    });
  }

  stderrTail(): string {
    return '';
  }

  close(end: { readonly deleteHeaders?: Readonly<Record<string, string>> } = {}): Promise<void> {
    this.#closing ??= this.#shut(end.deleteHeaders);
    return this.#closing;
  }

  // What carriers need.

  post(message: Outgoing, handler: WireHandler): void {
    const headers = withMessageHeaders([], message.headers, this.#target.reserved);
    this.#requests.dispatch({ method: 'POST', path: this.#target.path, sharedHeaders: this.#postHeaders, headers, body: message.text }, handler);
  }

  resume(carrier: Carrier, place: StreamPlace): { close(): void } {
    const headers = sessionHeaders(carrier);
    return new StreamFollower(
      {
        clock: this.clock,
        random: this.#random,
        attemptsMax: RESUME_ATTEMPTS_MAX,
        open: (lastEventId, events) => this.#openStream(this.#requests, headers, lastEventId, events),
        data: (bytes) => carrier.takeEvent(bytes),
        oversized: () => carrier.takeOversized(),
        gone: (why) => carrier.takeGone(why),
      },
      place,
    );
  }

  release(carrier: Carrier): void {
    if (this.#carriers.get(carrier.id) === carrier) this.#carriers.delete(carrier.id);
  }

  #sendNotice(message: Outgoing): void {
    if (this.#noticeCount >= NOTICES_MAX) throw new Fault('limit.overloaded', { server: this.server, detail: `${NOTICES_MAX} notifications and replies under way` });
    this.#noticeCount++;
    if (this.#held === undefined) this.#postNotice(message);
    else this.#held.push(() => this.#postNotice(message));
  }

  #postNotice(message: Outgoing): void {
    const isBarrier = message.method === BARRIER;
    if (isBarrier) this.#held = [];
    const headers = withMessageHeaders(this.#postHeaders, message.headers, this.#target.reserved);
    const notice = new Notice(({ head, error }) => {
      this.#noticeCount--;
      if (isBarrier) this.#liftBarrier();
      const isTaken = head !== undefined && head.status < 300;
      if (!isTaken && this.#closing === undefined) {
        this.events.dropped('not_delivered', `${message.method || 'reply'}: ${head === undefined ? (error?.message ?? 'no answer') : `HTTP ${head.status}`}`);
      }
    });
    this.#notices.dispatch({ method: 'POST', path: this.#target.path, headers, body: message.text, timeoutMs: NOTICE_TIMEOUT_MS }, notice);
  }

  #liftBarrier(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (this.#closing === undefined) for (const start of held) start();
  }

  #openStream(pool: WirePool, own: Readonly<Record<string, string>>, lastEventId: string, events: EventStreamEvents): EventStream {
    const fixed = ['accept', 'text/event-stream', ...this.#target.headers];
    if (lastEventId !== '') fixed.push('last-event-id', lastEventId);
    const headers = withMessageHeaders(fixed, own, this.#target.reserved);
    return new EventStream({ pool, path: this.#target.path, headers, eventBytesMax: this.resultBytesMax }, events);
  }

  #takeUnasked(bytes: Buffer): void {
    try {
      readMessages(bytes, (envelope) => this.events.message(envelope, undefined));
    } catch (thrown) {
      this.events.dropped('invalid_message', describeInvalid(thrown));
    }
  }

  async #shut(deleteHeaders: Readonly<Record<string, string>> | undefined): Promise<void> {
    this.#listener?.close();
    for (const carrier of this.#carriers.values()) carrier.abort();
    this.#held = undefined;
    // Once `#closing` is set, notices that fail with their connections are nobody's news.
    await Promise.resolve();
    if (deleteHeaders !== undefined) await this.#deleteSession(deleteHeaders);
    await Promise.all([this.#requests.destroy(), this.#notices.destroy()]);
    this.events.closed(new Fault('upstream.closed', { server: this.server, detail: 'closed by the gateway' }));
  }

  /** Best effort: a server may not allow it (405), and nothing of ours depends on it. */
  #deleteSession(own: Readonly<Record<string, string>>): Promise<void> {
    return new Promise((resolve) => {
      const cancelTimer = this.clock.after(DELETE_TIMEOUT_MS, resolve);
      const notice = new Notice(() => {
        cancelTimer();
        resolve();
      });
      const headers = withMessageHeaders(this.#target.headers, own, this.#target.reserved);
      this.#requests.dispatch({ method: 'DELETE', path: this.#target.path, headers }, notice);
    });
  }
}

/** Of a request's headers those that name the session, the revision and who we are; the rest speaks of the request's body. */
function sessionHeaders(carrier: Carrier): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(carrier.message.headers ?? {})) {
    const lower = name.toLowerCase();
    if (lower === 'mcp-session-id' || lower === 'mcp-protocol-version' || lower === 'authorization') headers[lower] = value;
  }
  if (carrier.sessionId !== undefined) headers['mcp-session-id'] = carrier.sessionId;
  return headers;
}
