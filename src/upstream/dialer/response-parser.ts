/**
 * HTTP/1.1 responses out of the bytes of one connection (RFC 9112), strictly: whatever two readers could understand
 * differently (two lengths, a length beside chunks, bare line feeds, folded headers) is refused.
 */
import { WireError, type WireHeaders } from './wire-request.ts';

export interface ParserEvents {
  head(status: number, headers: WireHeaders): void;
  data(chunk: Buffer): void;
  /** The response is complete. `isReusable`: another request may follow on this connection. Comes last in a `push`. */
  complete(isReusable: boolean): void;
}

/** `length`: of that many bytes. `chunks`: until the last one. `close`: until the connection ends. */
type Framing = 'none' | 'length' | 'chunks' | 'close';
type State = 'head' | 'body' | 'chunk_size' | 'chunk_data' | 'chunk_end' | 'trailers' | 'over';

const CRLF = '\r\n';
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from(CRLF);
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** After trimming: what RFC 9110 section 5.5 lets stand in a field value. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const HEADERS_MAX = 256;
const EMPTY: Buffer = Buffer.alloc(0);

export class ResponseParser {
  readonly #events: ParserEvents;
  readonly #headBytesMax: number;
  #state: State = 'head';
  #framing: Framing = 'none';
  /** What came of a head, a chunk's size line or trailers that is not whole yet. */
  #partial: Buffer = EMPTY;
  #left = 0;
  #isReusable = true;
  /** The last one, and what it says. */
  #headText = '';
  #head: ResponseHead | undefined;

  constructor(events: ParserEvents, headBytesMax: number) {
    this.#events = events;
    this.#headBytesMax = headBytesMax;
  }

  /** Whether bytes of a response came that is not complete. */
  get isWithin(): boolean {
    return this.#state !== 'head' || this.#partial.length > 0;
  }

  /** For the next response on the same connection. */
  restart(): void {
    this.#state = 'head';
    this.#partial = EMPTY;
  }

  /**
   * Takes bytes as they come. Those behind a complete response answer nobody's request: they make the connection
   * unfit for another one. Throws a WireError.
   */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && this.#state !== 'over') rest = this.#take(rest);
    if (this.#state === 'over') this.#events.complete(this.#isReusable && rest.length === 0);
  }

  /** The connection ended. Completes what only the end completes; throws a WireError where something is missing. */
  end(): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'body' || this.#framing !== 'close') throw new WireError('cut_off', this.isWithin ? 'the connection ended within the answer' : 'the connection ended before the answer');
    this.#state = 'over';
    this.#events.complete(false);
  }

  #take(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes);
      case 'chunk_size':
        return this.#takeChunkSize(bytes);
      case 'chunk_end':
        return this.#takeChunkEnd(bytes);
      case 'trailers':
        return this.#takeTrailers(bytes);
      default:
        return this.#takeBody(bytes);
    }
  }

  #takeHead(bytes: Buffer): Buffer {
    const joined = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes]);
    const end = joined.indexOf(HEAD_END);
    if (end > this.#headBytesMax || (end < 0 && joined.length > this.#headBytesMax)) throw new WireError('malformed', 'the head is too large');
    if (end < 0) {
      if (!looksLikeHttp(joined)) throw new WireError('malformed', 'not an HTTP answer');
      this.#partial = joined;
      return EMPTY;
    }
    this.#partial = EMPTY;
    this.#readHead(joined.toString('latin1', 0, end));
    return joined.subarray(end + HEAD_END.length);
  }

  #readHead(text: string): void {
    // A server says the same again and again, but for the date and a length.
    const head = text === this.#headText && this.#head !== undefined ? this.#head : readHead(text);
    this.#headText = text;
    this.#head = head;
    // Informational: the answer follows.
    if (head.status < 200) return;
    this.#framing = head.framing;
    this.#left = head.lengthBytes;
    this.#isReusable = head.isReusable;
    this.#state = head.framing === 'chunks' ? 'chunk_size' : 'body';
    this.#events.head(head.status, head.headers);
    if (head.framing === 'none' || (head.framing === 'length' && head.lengthBytes === 0)) this.#state = 'over';
  }

  #takeBody(bytes: Buffer): Buffer {
    if (this.#framing === 'close') {
      this.#events.data(bytes);
      return EMPTY;
    }
    const own = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= own.length;
    this.#events.data(own);
    if (this.#left === 0) this.#state = this.#framing === 'chunks' ? 'chunk_end' : 'over';
    return bytes.subarray(own.length);
  }

  #takeChunkSize(bytes: Buffer): Buffer {
    const [line, rest] = this.#line(bytes);
    if (line === undefined) return EMPTY;
    const size = CHUNK_SIZE.exec(line);
    if (size === null) throw new WireError('malformed', 'not the size of a chunk');
    this.#left = Number.parseInt(size[1] ?? '', 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk_data';
    return rest;
  }

  #takeChunkEnd(bytes: Buffer): Buffer {
    const [line, rest] = this.#line(bytes);
    if (line === undefined) return EMPTY;
    if (line !== '') throw new WireError('malformed', 'a chunk is longer than its size');
    this.#state = 'chunk_size';
    return rest;
  }

  /** Read past: nothing of ours depends on a trailer. */
  #takeTrailers(bytes: Buffer): Buffer {
    const [line, rest] = this.#line(bytes);
    if (line === '') this.#state = 'over';
    return rest;
  }

  /** One line without its end, undefined while it is not whole, and what follows. */
  #line(bytes: Buffer): [line: string | undefined, rest: Buffer] {
    const joined = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes]);
    const end = joined.indexOf(LINE_END);
    if (end > this.#headBytesMax || (end < 0 && joined.length > this.#headBytesMax)) throw new WireError('malformed', 'a line is too long');
    this.#partial = end < 0 ? joined : EMPTY;
    return end < 0 ? [undefined, EMPTY] : [joined.toString('latin1', 0, end), joined.subarray(end + LINE_END.length)];
  }

}

interface ResponseHead {
  readonly status: number;
  readonly headers: WireHeaders;
  readonly framing: Framing;
  /** 0 where the framing is another. */
  readonly lengthBytes: number;
  readonly isReusable: boolean;
}

/** Throws a WireError. */
function readHead(text: string): ResponseHead {
  const lines = text.split(CRLF);
  const line = STATUS_LINE.exec(lines[0] ?? '');
  if (line === null) throw new WireError('malformed', 'not a status line of HTTP/1.1');
  const status = Number(line[2]);
  if (status === 101) throw new WireError('malformed', 'a change of protocol that nobody asked for');
  const headers = Object.freeze(readHeaders(lines));
  const { framing, lengthBytes } = framingOf(status, headers);
  return { status, headers, framing, lengthBytes, isReusable: framing !== 'close' && mayGoOn(headers, line[1] === '1') };
}

/** RFC 9112 section 6.3. */
function framingOf(status: number, headers: WireHeaders): Pick<ResponseHead, 'framing' | 'lengthBytes'> {
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  // Informational: it has no body, whatever it says.
  if (status < 200) return { framing: 'none', lengthBytes: 0 };
  if (coding !== undefined && (length !== undefined || String(coding).toLowerCase() !== 'chunked')) throw new WireError('malformed', 'two lengths, or a coding beside chunks');
  if (length !== undefined && (typeof length !== 'string' || !LENGTH.test(length))) throw new WireError('malformed', 'not a length');
  if (status === 204 || status === 304) return { framing: 'none', lengthBytes: 0 };
  if (coding !== undefined) return { framing: 'chunks', lengthBytes: 0 };
  return length === undefined ? { framing: 'close', lengthBytes: 0 } : { framing: 'length', lengthBytes: Number(length) };
}

/** From the second line on. A repeated header becomes a list. */
function readHeaders(lines: readonly string[]): Record<string, string | string[]> {
  if (lines.length > HEADERS_MAX) throw new WireError('malformed', 'too many headers');
  const headers: Record<string, string | string[]> = {};
  for (let at = 1; at < lines.length; at++) {
    const { key, value } = readHeader(lines[at] ?? '');
    if (key === '__proto__') continue;
    const known = headers[key];
    if (known === undefined) headers[key] = value;
    else if (typeof known === 'string') headers[key] = [known, value];
    else known.push(value);
  }
  return headers;
}

interface Header {
  readonly key: string;
  readonly value: string;
}

/** Servers say the same in most lines of every answer. Nothing that is long, so that it stays small. */
const seenLines = new Map<string, Header>();
const SEEN_LINES_MAX = 512;
const SEEN_CHARS_MAX = 64;

function readHeader(line: string): Header {
  const seen = seenLines.get(line);
  if (seen !== undefined) return seen;
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 1).trim();
  if (!NAME.test(name) || !VALUE.test(value)) throw new WireError('malformed', 'not a header');
  const header = { key: name.toLowerCase(), value };
  if (line.length > SEEN_CHARS_MAX) return header;
  if (seenLines.size >= SEEN_LINES_MAX) seenLines.clear();
  seenLines.set(line, header);
  return header;
}

/** RFC 9112 section 9.3. */
function mayGoOn(headers: WireHeaders, isHttp11: boolean): boolean {
  const connection = String(headers['connection'] ?? '').toLowerCase();
  return isHttp11 ? !connection.includes('close') : connection.includes('keep-alive');
}

function looksLikeHttp(bytes: Buffer): boolean {
  const start = 'HTTP/1.';
  const count = Math.min(bytes.length, start.length);
  return bytes.toString('latin1', 0, count) === start.slice(0, count);
}
