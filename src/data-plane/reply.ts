/**
 * Where the answer of one POST goes. It begins undecided: a lone answer leaves as JSON, whatever comes before an
 * answer (a notification, a request to the client) turns the response into an event stream.
 */
import type { OutgoingHttpHeader } from 'node:http';
import type { HttpResponse } from '../base/http.ts';
import type { Clock } from '../base/clock.ts';
import { EventStream } from './event-stream.ts';
import type { Outbox } from './outbox.ts';

/** A JSON-RPC message ready to be written; a large one in pieces, which nobody puts together on the way to the socket. */
export type MessageText = string | readonly Buffer[];

/** For whoever needs it whole. */
export function wholeText(message: MessageText): string {
  return typeof message === 'string' ? message : Buffer.concat(message).toString();
}

export interface Reply {
  /** A message ahead of the answer. False when this client cannot get one here. */
  send(message: string): boolean;
  /** The answer to one request, once for each. `httpStatus` counts where the response has not begun. */
  end(message: MessageText, httpStatus: number, headers?: Readonly<Record<string, string>>): void;
  /** Called once when the client goes away before all is answered. */
  onGone: () => void;
  readonly isGone: boolean;
}

/** Headers of an answer without a body. */
export const NOTHING_TO_KEEP: Readonly<Record<string, string>> = Object.freeze({ 'content-length': '0', 'cache-control': 'no-store' });

const NOTHING = (): void => undefined;

export interface HttpReplyOptions {
  readonly http: HttpResponse;
  readonly clock: Clock;
  readonly outbox: Outbox;
  /** The client accepts `text/event-stream`. */
  readonly canStream: boolean;
  /** Set for legacy sessions: makes the event stream resumable. */
  readonly openStream: (() => EventStream) | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests that this response answers. More than one only for a batch. */
  readonly answers: number;
  readonly isBatch: boolean;
}

export class HttpReply implements Reply {
  readonly #options: HttpReplyOptions;
  #stream: EventStream | undefined;
  #missing: number;
  #collected: string[] = [];
  #isGone = false;
  #patience: number | undefined;
  onGone: () => void = NOTHING;

  constructor(options: HttpReplyOptions) {
    this.#options = options;
    this.#missing = options.answers;
    options.outbox.begin();
    options.http.on('close', () => {
      this.#endPatience();
      if (this.#stream === undefined) options.outbox.leave();
      if (this.#missing === 0 || this.#stream !== undefined) return;
      this.#isGone = true;
      this.onGone();
    });
    if (options.canStream) this.#patience = options.outbox.patience.begin(() => this.#begin());
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  send(message: string): boolean {
    if (!this.#options.canStream || this.#isGone) return false;
    return this.#begin()?.send(message) ?? false;
  }

  end(message: MessageText, httpStatus: number, headers?: Readonly<Record<string, string>>): void {
    this.#missing--;
    if (this.#missing === 0) this.#release();
    if (this.#stream !== undefined) {
      this.#stream.send(wholeText(message));
      if (this.#missing === 0) this.#stream.end();
      return;
    }
    if (this.#isGone) return;
    if (!this.#options.isBatch) {
      this.#write(message, httpStatus, headers);
      return;
    }
    this.#collected.push(wholeText(message));
    if (this.#missing === 0) this.#write(`[${this.#collected.join(',')}]`, 200);
  }

  /** The connection remembers the reply for a while; the reply must not remember the whole call with it. */
  #release(): void {
    this.#endPatience();
    this.onGone = NOTHING;
  }

  #endPatience(): void {
    if (this.#patience !== undefined) this.#options.outbox.patience.end(this.#patience);
    this.#patience = undefined;
  }

  #begin(): EventStream | undefined {
    if (this.#stream !== undefined || this.#isGone || this.#missing === 0) return this.#stream;
    const { clock, http, headers, openStream, outbox } = this.#options;
    outbox.leave();
    const stream = openStream?.() ?? new EventStream({ clock });
    this.#stream = stream;
    stream.onGone = () => {
      // A resumable stream goes on without its connection.
      this.#isGone = openStream === undefined;
      this.onGone();
    };
    stream.attach(http, headers);
    for (const message of this.#collected) stream.send(message);
    return stream;
  }

  #write(message: MessageText, httpStatus: number, extra?: Readonly<Record<string, string>>): void {
    const { http, headers, outbox } = this.#options;
    const bytes = byteLengthOf(message);
    const lines: (string | number)[] = ['content-type', 'application/json', 'content-length', bytes, 'cache-control', 'no-store'];
    for (const name in headers) lines.push(name, headers[name] ?? '');
    for (const name in extra) lines.push(name, extra[name] ?? '');
    http.writeHead(httpStatus, lines as unknown as OutgoingHttpHeader[]);
    outbox.end(http, message, typeof message === 'string' && bytes === message.length ? 'latin1' : 'utf8');
  }
}

function byteLengthOf(message: MessageText): number {
  return typeof message === 'string' ? Buffer.byteLength(message) : message.reduce((sum, { length }) => sum + length, 0);
}

/** Answers of a 2024-11-05 client: everything goes onto the session's one stream. */
export class StreamReply implements Reply {
  readonly #stream: EventStream;
  onGone: () => void = () => undefined;

  get isGone(): boolean {
    return !this.#stream.isAttached;
  }

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  send(message: string): boolean {
    return this.#stream.send(message);
  }

  end(message: MessageText): void {
    this.#stream.send(wholeText(message));
  }
}
