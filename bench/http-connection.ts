/** One keep-alive HTTP/1.1 connection on a raw socket, one request at a time: a generator must cost less than what it measures. */
import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  /** Status line and headers, as they came. */
  readonly head: string;
  /** The body's bytes as latin1, chunks joined. */
  readonly body: string;
}

type Done = (answer: HttpAnswer) => void;

export class HttpConnection {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #path: string;
  #pending = '';
  #done: Done | undefined;
  #failed: (cause: Error) => void;

  /** `failed` hears of a broken or refused connection, once. */
  constructor(url: URL, failed: (cause: Error) => void) {
    this.#host = url.host;
    this.#path = url.pathname + url.search;
    this.#failed = failed;
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk) => this.#receive(chunk as unknown as string));
    this.#socket.on('error', (cause) => this.#fail(cause));
    this.#socket.on('close', () => this.#fail(new Error('The connection was closed')));
  }

  /** The bytes of a request with these header lines (each ending in CRLF). */
  request(method: 'POST' | 'DELETE', headerLines: string, body = ''): Buffer {
    const length = Buffer.byteLength(body);
    return Buffer.from(`${method} ${this.#path} HTTP/1.1\r\nhost: ${this.#host}\r\ncontent-length: ${length}\r\n${headerLines}\r\n${body}`);
  }

  /** Sends a request; `done` is called with its whole answer. One at a time. */
  exchange(request: Buffer, done: Done): void {
    this.#done = done;
    this.#socket.write(request);
  }

  close(): void {
    this.#failed = () => undefined;
    this.#socket.destroy();
  }

  #fail(cause: Error): void {
    const failed = this.#failed;
    this.#failed = () => undefined;
    failed(cause);
  }

  #receive(chunk: string): void {
    this.#pending += chunk;
    const answer = readAnswer(this.#pending);
    if (answer === undefined) return;
    this.#pending = '';
    const done = this.#done;
    this.#done = undefined;
    done?.(answer);
  }
}

/** Undefined while the answer is not complete. */
function readAnswer(text: string): HttpAnswer | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  const lowerHead = head.toLowerCase();
  const status = Number(head.slice(9, 12));
  const lengthAt = lowerHead.indexOf('\r\ncontent-length:');
  if (lengthAt >= 0) {
    const end = headEnd + 4 + Number.parseInt(head.slice(lengthAt + 17), 10);
    return text.length < end ? undefined : { status, head, body: text.slice(headEnd + 4, end) };
  }
  if (!lowerHead.includes('\r\ntransfer-encoding: chunked')) return { status, head, body: '' };
  if (!text.endsWith('0\r\n\r\n')) return undefined;
  const body = joinChunks(text, headEnd + 4);
  return body === undefined ? undefined : { status, head, body };
}

function joinChunks(text: string, start: number): string | undefined {
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) return undefined;
    if (size === 0) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
