/**
 * HTTP+SSE, the transport of revision 2024-11-05: one GET stream on which everything arrives, and POSTs to the address
 * that the stream's first event names. Answers do not say which POST they belong to.
 */
import { Fault } from '../../base/fault.ts';
import type { ServerSpec } from '../../model/server.ts';
import { type AnswerHead, faultOfBreak, faultOfStatus } from '../dialer/answer-fault.ts';
import { EventStream } from '../dialer/event-stream-request.ts';
import { Notice, type NoticeEnd } from '../dialer/notice.ts';
import { describeInvalid, readMessages } from '../dialer/read-messages.ts';
import { type LinkDeps, openServerTarget, type ServerTarget, withMessageHeaders } from '../dialer/server-target.ts';
import type { WirePool } from '../dialer/wire-pool.ts';
import type { Link, LinkEvents, Outgoing } from '../link.ts';

/** The stream takes one of them. */
const CONNECTIONS_MAX = 33;
const POSTS_MAX = 1_024;
const POST_TIMEOUT_MS = 30_000;
/** Until the server has taken this notification it may refuse everything else, so what follows waits for it. */
const BARRIER = 'notifications/initialized';

/**
 * Opens the stream and waits for its `endpoint` event within `spec.startTimeoutMs`. Rejects with `upstream.unavailable`,
 * `upstream.grant_needed`, `upstream.protocol_error`, `upstream.closed`, `config.value_missing`, `config.invalid`, or
 * `egress.refused` where the server names an address of another origin.
 */
export function openSseLink(spec: ServerSpec, values: (text: string) => string, deps: LinkDeps, events: LinkEvents): Promise<Link> {
  return new Promise((resolve, reject) => {
    const link = new SseLink(spec, openServerTarget(spec, values, deps), deps, {
      ...bound(events),
      ready: () => {
        cancelTimer();
        resolve(link);
      },
      refused: (fault) => {
        cancelTimer();
        reject(fault);
      },
    });
    const cancelTimer = deps.clock.after(spec.startTimeoutMs, () => {
      link.fail(new Fault('upstream.unavailable', { server: spec.name, reason: 'upstream_timeout', detail: 'no endpoint event in time' }));
    });
  });
}

/** `refused` ends a link that was never ready; `closed` one that was. */
interface SseEvents extends LinkEvents {
  ready(): void;
  refused(fault: Fault): void;
}

class SseLink implements Link {
  readonly kind = 'sse';
  readonly pid = undefined;
  readonly #server: string;
  readonly #target: ServerTarget;
  readonly #deps: LinkDeps;
  readonly #events: SseEvents;
  readonly #pool: WirePool;
  readonly #stream: EventStream;
  readonly #aborted = new Set<number>();
  #postPath: string | undefined;
  #posts = 0;
  #held: Outgoing[] | undefined;
  #end: Promise<void> | undefined;

  constructor(spec: ServerSpec, target: ServerTarget, deps: LinkDeps, events: SseEvents) {
    this.#server = spec.name;
    this.#target = target;
    this.#deps = deps;
    this.#events = events;
    this.#pool = target.openPool(CONNECTIONS_MAX);
    const headers = withMessageHeaders(['accept', 'text/event-stream', ...target.headers], deps.streamHeaders, target.reserved);
    this.#stream = new EventStream(
      { pool: this.#pool, path: target.path, headers, eventBytesMax: spec.resultBytesMax },
      {
        event: (name, data) => this.#event(name, data),
        oversized: () => events.dropped('too_large', `an event above ${spec.resultBytesMax} bytes`),
        refused: (head) => this.fail(this.#statusFault(head)),
        ended: (error) => this.fail(faultOfBreak(error ?? new Error('the stream ended'), spec.name, true)),
      },
    );
  }

  send(message: Outgoing): void {
    if (this.#end !== undefined) throw new Fault('upstream.closed', { server: this.#server, effect: 'not_executed', detail: 'the link is closed' });
    if (this.#posts >= POSTS_MAX) throw new Fault('limit.overloaded', { server: this.#server, detail: `${POSTS_MAX} messages under way` });
    this.#posts++;
    if (this.#held === undefined) this.#post(message);
    else this.#held.push(message);
  }

  /** The stream is shared, so nothing can be closed; a POST that fails later is not reported any more. */
  abort(id: number): void {
    if (this.#posts > 0) this.#aborted.add(id);
  }

  stderrTail(): string {
    return '';
  }

  close(): Promise<void> {
    this.fail(new Fault('upstream.closed', { server: this.#server, detail: 'closed by the gateway' }));
    return this.#end ?? Promise.resolve();
  }

  /** Ends the link for that reason. */
  fail(fault: Fault): void {
    this.#end ??= this.#shut(fault);
  }

  #event(name: string, data: Buffer): void {
    if (name === 'endpoint') this.#name(data.toString());
    else if (name === 'message' && data.length > 0) this.#take(data);
  }

  /** The server names where to POST. Our credentials go there, so it must be the same origin. */
  #name(text: string): void {
    const url = URL.parse(text.trim(), this.#target.url.href);
    if (url === null || url.origin !== this.#target.url.origin || url.username !== '' || url.password !== '') {
      this.fail(new Fault('egress.refused', { server: this.#server, detail: 'the endpoint event names another origin' }));
      return;
    }
    if (this.#postPath !== undefined) return;
    this.#postPath = url.pathname + url.search;
    this.#events.ready();
  }

  #take(data: Buffer): void {
    try {
      readMessages(data, (envelope) => this.#events.message(envelope, undefined));
    } catch (thrown) {
      this.#events.dropped('invalid_message', describeInvalid(thrown));
    }
  }

  #post(message: Outgoing): void {
    const isBarrier = message.method === BARRIER;
    if (isBarrier) this.#held = [];
    const headers = withMessageHeaders(['content-type', 'application/json', 'accept', 'application/json', ...this.#target.headers], message.headers, this.#target.reserved);
    const notice = new Notice((end) => {
      this.#posts--;
      if (isBarrier) this.#liftBarrier();
      this.#posted(message, end);
    });
    this.#pool.dispatch({ method: 'POST', path: this.#postPath ?? this.#target.path, headers, body: message.text, timeoutMs: POST_TIMEOUT_MS }, notice);
  }

  #posted(message: Outgoing, end: NoticeEnd): void {
    const isAborted = message.id !== undefined && this.#aborted.delete(message.id);
    if (this.#posts === 0) this.#aborted.clear();
    const fault = this.#faultOfPost(end);
    if (this.#end !== undefined || isAborted || fault === undefined) return;
    if (message.id !== undefined) this.#events.failed(message.id, fault, end.head?.status);
    else this.#events.dropped('not_delivered', `${message.method || 'reply'}: ${fault.detail ?? fault.code}`);
  }

  #faultOfPost({ head, error, isSent }: NoticeEnd): Fault | undefined {
    if (head === undefined) return faultOfBreak(error ?? new Error('no answer'), this.#server, isSent);
    return head.status < 300 ? undefined : this.#statusFault(head);
  }

  #liftBarrier(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (this.#end === undefined) for (const message of held) this.#post(message);
  }

  #statusFault(head: AnswerHead): Fault {
    return faultOfStatus(head, this.#server, this.#deps.clock.nowMs());
  }

  async #shut(fault: Fault): Promise<void> {
    this.#stream.close();
    this.#held = undefined;
    // Once `#end` is set, posts that fail with their connections are nobody's news.
    await Promise.resolve();
    await this.#pool.destroy();
    if (this.#postPath === undefined) this.#events.refused(fault);
    else this.#events.closed(fault);
  }
}

function bound(events: LinkEvents): LinkEvents {
  return {
    message: (envelope, carrier) => events.message(envelope, carrier),
    failed: (id, fault, status) => events.failed(id, fault, status),
    closed: (fault) => events.closed(fault),
    dropped: (reason, detail) => events.dropped(reason, detail),
  };
}
