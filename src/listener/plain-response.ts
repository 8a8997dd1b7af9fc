/** The response to a plain post, with what node:http's ServerResponse means by the same names. */
import { EventEmitter } from 'node:events';
import { type OutgoingHttpHeader, type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpResponse } from '../base/http.ts';

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What would end a field, or more (RFC 9110 section 5.5). */
const NOT_IN_VALUE = /[^\t -~]/;

export interface PlainResponseDeps {
  readonly socket: Socket;
  /** `Date: …` and what holds for the connection: whole lines. */
  readonly commonLines: (isLast: boolean) => string;
  /** All of the answer was given to the socket. `isLast`: nothing more may follow on this connection. */
  readonly ended: (isLast: boolean) => void;
}

export class PlainResponse extends EventEmitter implements HttpResponse {
  headersSent = false;
  readonly #deps: PlainResponseDeps;
  /** Status line and fields so far, without the empty line. */
  #head: string | undefined;
  #hasLength = false;
  #isLast = false;
  /** The body has no length known before: it goes in chunks (RFC 9112 section 7.1). */
  #isChunked = false;
  #isOver = false;

  constructor(deps: PlainResponseDeps) {
    super();
    this.#deps = deps;
  }

  get destroyed(): boolean {
    return this.#isOver;
  }

  get writableLength(): number {
    return this.#deps.socket.writableLength;
  }

  writeHead(status: number, headers: OutgoingHttpHeaders | OutgoingHttpHeader[] = {}): this {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    if (Array.isArray(headers)) for (let index = 0; index < headers.length; index += 2) head += this.#field(String(headers[index]), headers[index + 1]);
    else for (const name in headers) head += this.#field(name, headers[name]);
    this.#head = head;
    return this;
  }

  flushHeaders(): void {
    if (this.headersSent || this.#isOver) return;
    this.headersSent = true;
    this.#isChunked = !this.#hasLength;
    this.#deps.socket.write(`${this.#takeHead()}${this.#isChunked ? 'transfer-encoding: chunked\r\n' : ''}\r\n`, 'latin1');
  }

  cork(): void {
    this.#deps.socket.cork();
  }

  uncork(): void {
    this.#deps.socket.uncork();
  }

  write(chunk: string | Buffer): boolean {
    this.flushHeaders();
    const { socket } = this.#deps;
    if (this.#isOver || chunk.length === 0) return !this.#isOver;
    if (!this.#isChunked) return socket.write(chunk);
    if (typeof chunk === 'string') return socket.write(`${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    socket.write(chunk);
    const hasRoom = socket.write('\r\n', 'latin1');
    socket.uncork();
    return hasRoom;
  }

  end(body: string | Buffer = '', encoding: BufferEncoding = 'utf8'): this {
    if (this.#isOver) return this;
    if (this.headersSent) {
      this.write(body);
      if (this.#isChunked) this.#deps.socket.write('0\r\n\r\n', 'latin1');
    } else {
      if (this.#head === undefined) this.writeHead(200);
      if (!this.#hasLength) this.#head += `content-length: ${typeof body === 'string' ? Buffer.byteLength(body, encoding) : body.length}\r\n`;
      this.headersSent = true;
      this.#writeWhole(body, encoding);
    }
    this.#isOver = true;
    this.emit('close');
    this.#deps.ended(this.#isLast);
    return this;
  }

  /** What was not finished must not look finished: the connection goes. */
  destroy(): this {
    if (!this.#isOver) this.#deps.socket.destroy();
    return this;
  }

  /** The connection is gone. */
  gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.emit('close');
  }

  #writeWhole(body: string | Buffer, encoding: BufferEncoding): void {
    const { socket } = this.#deps;
    const head = `${this.#takeHead()}\r\n`;
    if (typeof body === 'string') {
      socket.write(head + body, encoding);
      return;
    }
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }

  #takeHead(): string {
    if (this.#head === undefined) this.writeHead(200);
    return `${this.#head ?? ''}${this.#deps.commonLines(this.#isLast)}`;
  }

  /** Throws TypeError for what is no field: a mistake of ours that must not become a second response. */
  #field(name: string, value: OutgoingHttpHeader | undefined): string {
    if (value === undefined) return '';
    if (Array.isArray(value)) return value.map((one) => this.#field(name, one)).join('');
    const text = String(value);
    if (!NAME.test(name) || NOT_IN_VALUE.test(text)) throw new TypeError(`not a header field: ${name}`);
    const lower = name.toLowerCase();
    if (lower === 'content-length') this.#hasLength = true;
    if (lower === 'connection') {
      this.#isLast = text === 'close';
      return '';
    }
    return `${name}: ${text}\r\n`;
  }
}
