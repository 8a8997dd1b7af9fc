/**
 * A client's connection while nothing but plain posts comes over it: each read is one whole request, its head mostly the
 * same bytes as the one before, and the answer leaves in one write. The first thing that is anything else takes the
 * connection to node:http, for good; so what is unusual, unfinished or hostile is judged by one parser only.
 */
import type { Socket } from 'node:net';
import { type HttpRequest, type HttpResponse, PlainPost } from '../base/http.ts';
import { PlainResponse } from './plain-response.ts';
import { type PostHead, PostHeadReader } from './post-head.ts';
import type { QueuedRequest, RequestQueue } from './request-queue.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const HELD_BYTES_MAX = 64 * 1024;

export interface PlainConnectionDeps {
  readonly handler: (http: HttpRequest, response: HttpResponse) => void;
  /** Each request begins when it is its turn there. */
  readonly queue: RequestQueue;
  /** Node's own way with a connection. */
  readonly handOver: (socket: Socket) => void;
  /** Lines that every answer has; `isLast`: the connection ends with it. */
  readonly commonLines: (isLast: boolean) => string;
  readonly isClosing: () => boolean;
  /** It is no longer of this kind. */
  readonly left: (connection: PlainConnection) => void;
}

export class PlainConnection implements QueuedRequest {
  /** Sweeps of the listener since the last request ended. */
  idleSweeps = 0;
  /** No request came yet. */
  isSilent = true;
  readonly #socket: Socket;
  readonly #deps: PlainConnectionDeps;
  readonly #heads = new PostHeadReader();
  #head: PostHead | undefined;
  /** Of a request that has not begun. */
  #waitingBody: Buffer | undefined;
  #answering: PlainResponse | undefined;
  /** What came while a request waits or is answered: the next one, or its beginning. */
  #held: Buffer | undefined;

  constructor(socket: Socket, deps: PlainConnectionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    socket.on('data', this.#read);
    socket.on('end', this.#over);
    socket.on('close', this.#gone);
    socket.on('error', this.#failed);
  }

  /** A request waits or is being answered, or the client has not read all of an answer. */
  get isBusy(): boolean {
    return this.#isTaken || this.#socket.writableLength > 0;
  }

  /** Ends while nothing is being answered. `statusLine`: says why. */
  end(statusLine?: string): void {
    if (statusLine === undefined) this.#socket.destroy();
    else this.#socket.end(`HTTP/1.1 ${statusLine}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#isTaken) {
      this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
      if (this.#held.length > HELD_BYTES_MAX) this.#socket.pause();
      return;
    }
    if (this.#socket.writableEnded) return;
    const headBytes = chunk.indexOf(HEAD_END);
    const head = headBytes < 0 ? undefined : this.#heads.read(chunk.toString('latin1', 0, headBytes));
    const bodyAt = headBytes + HEAD_END.length;
    if (head === undefined || chunk.length < bodyAt + head.lengthBytes) {
      this.#handOver(chunk);
      return;
    }
    const end = bodyAt + head.lengthBytes;
    if (chunk.length > end) this.#held = chunk.subarray(end);
    this.isSilent = false;
    this.#head = head;
    this.#waitingBody = chunk.subarray(bodyAt, end);
    this.#deps.queue.enter(this);
  };

  /** There is a request that is not over. */
  get #isTaken(): boolean {
    return this.#waitingBody !== undefined || this.#answering !== undefined;
  }

  get waitingBytes(): number {
    return this.#waitingBody?.length ?? 0;
  }

  begin(waitedMs: number): void {
    const head = this.#head;
    const body = this.#waitingBody;
    this.#waitingBody = undefined;
    if (head === undefined || body === undefined) {
      this.#deps.queue.leave();
      return;
    }
    const response = new PlainResponse({ socket: this.#socket, commonLines: this.#commonLines, ended: this.#ended });
    this.#answering = response;
    this.#deps.handler(new PlainPost(head, body, this.#socket, waitedMs), response);
  }

  readonly #commonLines = (isLast: boolean): string => this.#deps.commonLines(isLast || this.#deps.isClosing());

  readonly #ended = (isLast: boolean): void => {
    this.#answering = undefined;
    this.#deps.queue.leave();
    this.idleSweeps = 0;
    if (isLast || this.#deps.isClosing()) {
      this.#socket.destroySoon();
      return;
    }
    const socket = this.#socket;
    // A client that asks on and reads nothing waits until it has read.
    if (socket.writableNeedDrain) {
      socket.pause();
      socket.once('drain', this.#goOn);
    } else if (this.#held !== undefined) setImmediate(this.#goOn);
  };

  readonly #goOn = (): void => {
    const held = this.#held;
    this.#held = undefined;
    if (this.#socket.destroyed) return;
    this.#socket.resume();
    if (held !== undefined) this.#read(held);
  };

  #handOver(chunk: Buffer): void {
    const socket = this.#socket;
    socket.off('data', this.#read);
    socket.off('end', this.#over);
    socket.off('close', this.#gone);
    socket.off('error', this.#failed);
    this.#deps.left(this);
    this.#deps.handOver(socket);
    socket.emit('data', chunk);
  }

  readonly #failed = (): void => {
    this.#socket.destroy();
  };

  /** The client says nothing more; then it waits for no answer either, as node:http has it. What was answered still leaves. */
  readonly #over = (): void => {
    this.#waitingBody = undefined;
    this.#socket.end();
  };

  readonly #gone = (): void => {
    this.#deps.left(this);
    this.#waitingBody = undefined;
    const response = this.#answering;
    if (response === undefined) return;
    this.#answering = undefined;
    this.#deps.queue.leave();
    response.gone();
  };
}
