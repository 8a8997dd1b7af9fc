/** A request and its response as the message path knows them: Node's own, or those of a plain post (src/listener/). */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** What a request says before its body. One for all requests of a connection that say the same; nobody changes it. */
export interface RequestHead {
  readonly url: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
}

/** A POST that came whole: its body is there from the start, and there is nothing to listen to. */
export class PlainPost {
  readonly method = 'POST';
  readonly complete = true;
  readonly body: Buffer;
  readonly socket: Socket;
  /** From its arrival until it began. */
  readonly waitedMs: number;
  readonly #head: RequestHead;

  constructor(head: RequestHead, body: Buffer, socket: Socket, waitedMs = 0) {
    this.waitedMs = waitedMs;
    this.#head = head;
    this.body = body;
    this.socket = socket;
  }

  get url(): string {
    return this.#head.url;
  }

  get headers(): Readonly<IncomingHttpHeaders> {
    return this.#head.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders;
  }
}

export type HttpRequest = IncomingMessage | PlainPost;

/** The part of Node's ServerResponse that the message path uses, with its meaning. */
export interface HttpResponse {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  /** Bytes that wait for the client to read. */
  readonly writableLength: number;
  writeHead(status: number, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this;
  flushHeaders(): void;
  /** What is written until `uncork` leaves in one go. */
  cork(): void;
  uncork(): void;
  /** False once more waits than should; `drain` says when to go on. */
  write(chunk: string | Buffer): boolean;
  end(): this;
  end(body: string | Buffer, encoding?: BufferEncoding): this;
  destroy(): this;
  on(event: 'close' | 'drain', listener: () => void): this;
  once(event: 'close' | 'drain', listener: () => void): this;
  off(event: 'close' | 'drain', listener: () => void): this;
}
