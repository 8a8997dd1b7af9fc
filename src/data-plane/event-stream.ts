/**
 * A server-sent event stream to a client (WHATWG HTML, "Server-sent events"). Streams of legacy sessions give their
 * events ids and keep the last ones, so that a client that lost the connection can go on (`Last-Event-ID`).
 */
import type { HttpResponse } from '../base/http.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';

/** A client that lost the stream comes back after so long. */
const RETRY_MS = 1_000;
const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = ': keep-alive\n\n';
/** A reader with more than this unread, or that reads nothing for two beats, is cut off. */
const UNREAD_BYTES_MAX = 1 << 20;
const KEPT_EVENTS_MAX = 1_000;
const KEPT_BYTES_MAX = 1 << 20;

/** Events after `sequence` are still there, and how to write one. */
interface KeptEvent {
  readonly sequence: number;
  readonly frame: string;
}

export interface EventStreamOptions {
  readonly clock: Clock;
  /** Makes the stream resumable; unique within the session. */
  readonly name?: string;
  /** A resumable stream begins with an event that has an id and no message, so that a client can go on from the start. */
  readonly isPrimed?: boolean;
  /** Called once when the stream has ended. */
  readonly onEnd?: () => void;
}

export class EventStream {
  readonly name: string | undefined;
  readonly #clock: Clock;
  readonly #isPrimed: boolean;
  readonly #onEnd: (() => void) | undefined;
  #http: HttpResponse | undefined;
  #stopKeepAlive: CancelTimer | undefined;
  /** At the last beat; 0: all was read. */
  #unreadBytes = 0;
  #sequence = 0;
  #kept: KeptEvent[] = [];
  #keptBytes = 0;
  #isEnded = false;
  /** The connection went away while the stream was not ended. */
  onGone: () => void = () => undefined;

  constructor(options: EventStreamOptions) {
    this.#clock = options.clock;
    this.name = options.name;
    this.#isPrimed = options.isPrimed === true;
    this.#onEnd = options.onEnd;
  }

  get isAttached(): boolean {
    return this.#http !== undefined;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Starts (or goes on) over this response. Events after `sinceSequence` that are still kept are sent again. */
  attach(http: HttpResponse, headers: Readonly<Record<string, string>> = {}, sinceSequence = 0): void {
    const before = this.#http;
    this.#detach();
    // A client that fetches a stream anew has given up the connection before, also where we have not noticed.
    before?.end();
    this.#http = http;
    http.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', ...headers });
    http.flushHeaders();
    http.on('close', () => {
      if (this.#http !== http) return;
      this.#detach();
      if (!this.#isEnded) this.onGone();
    });
    if (this.#isPrimed && sinceSequence === 0) http.write(`retry: ${RETRY_MS}\nid: ${this.name}_0\ndata:\n\n`);
    for (const event of this.#kept) if (event.sequence > sinceSequence) this.#write(event.frame);
    if (this.#isEnded) http.end();
    else this.#keepAlive();
  }

  /** Sends one message. Returns false when there is no way to deliver it, now or later. */
  send(message: string, event = 'message'): boolean {
    if (this.#isEnded) return false;
    this.#sequence++;
    const id = this.name === undefined ? '' : `id: ${this.name}_${this.#sequence}\n`;
    const frame = `event: ${event}\n${id}data: ${message.replace(/\r\n?|\n/g, '\ndata: ')}\n\n`;
    if (this.name !== undefined) this.#keep(frame);
    if (this.#http === undefined) return this.name !== undefined;
    this.#write(frame);
    return true;
  }

  /** Ends the stream; what is kept can still be fetched. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const http = this.#http;
    this.#detach();
    http?.end();
    this.#onEnd?.();
  }

  #write(frame: string): void {
    const http = this.#http;
    if (http === undefined) return;
    if (http.writableLength > UNREAD_BYTES_MAX) {
      http.destroy();
      return;
    }
    http.write(frame);
  }

  #keep(frame: string): void {
    this.#kept.push({ sequence: this.#sequence, frame });
    this.#keptBytes += frame.length;
    while (this.#kept.length > KEPT_EVENTS_MAX || (this.#keptBytes > KEPT_BYTES_MAX && this.#kept.length > 1)) {
      this.#keptBytes -= this.#kept.shift()?.frame.length ?? 0;
    }
  }

  #keepAlive(): void {
    this.#stopKeepAlive = this.#clock.after(KEEP_ALIVE_MS, () => {
      this.#beat();
    });
  }

  #beat(): void {
    const http = this.#http;
    if (http === undefined) return;
    const unreadBytes = http.writableLength;
    // Bytes only wait here once the system's own buffers are full.
    if (this.#unreadBytes > 0 && unreadBytes >= this.#unreadBytes) {
      http.destroy();
      return;
    }
    this.#unreadBytes = unreadBytes;
    http.write(KEEP_ALIVE);
    this.#keepAlive();
  }

  #detach(): void {
    this.#unreadBytes = 0;
    this.#stopKeepAlive?.();
    this.#stopKeepAlive = undefined;
    this.#http = undefined;
  }
}
