/**
 * Reads an event stream (WHATWG HTML section 9.2.6) from buffers as they come. Data stays bytes: an event whose data
 * lies in one chunk is a slice of that chunk, never a copy. Every byte is looked at once, whatever the chunking.
 */

export interface EventSink {
  /** One event with its data, which may be empty. `name` is `message` where the stream names none. */
  event(name: string, data: Buffer): void;
  /** The event being read is above the limit: the rest of it will be skipped. Called at that moment, once. */
  oversized(): void;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const NEWLINE = Buffer.from('\n');
const EMPTY = Buffer.alloc(0);

export class EventStreamParser {
  readonly #sink: EventSink;
  readonly #eventBytesMax: number;
  /** The begun line, in pieces, and its length so far (of an oversized event only the length). */
  #pieces: Buffer[] = [];
  #lineBytes = 0;
  #data: Buffer[] = [];
  #dataBytes = 0;
  #name = '';
  #pendingId = '';
  #lastEventId = '';
  #retryMs: number | undefined;
  #isAfterCr = false;
  #isAtStart = true;
  #isOversized = false;
  #isStopped = false;

  constructor(sink: EventSink, eventBytesMax: number) {
    this.#sink = sink;
    this.#eventBytesMax = eventBytesMax;
  }

  /** The last `id` that a finished event carried, empty when none; also of events without data. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** The reconnection time that the stream asked for, milliseconds. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** Nothing is reported any more, also not from a chunk being read. */
  stop(): void {
    this.#isStopped = true;
    this.#pieces = [];
    this.#data = [];
  }

  push(chunk: Buffer): void {
    let at = this.#startOf(chunk);
    let nextLf = chunk.indexOf(LF, at);
    let nextCr = chunk.indexOf(CR, at);
    while (!this.#isStopped) {
      const end = firstOf(nextLf, nextCr);
      if (end === -1) break;
      this.#line(chunk, at, end);
      at = end === nextCr ? this.#afterCr(chunk, end) : end + 1;
      if (nextCr !== -1 && nextCr < at) nextCr = chunk.indexOf(CR, at);
      if (nextLf !== -1 && nextLf < at) nextLf = chunk.indexOf(LF, at);
    }
    if (at < chunk.length && !this.#isStopped) this.#hold(chunk.subarray(at));
  }

  /** Past the LF of a CRLF that was cut in two. */
  #startOf(chunk: Buffer): number {
    if (!this.#isAfterCr || chunk.length === 0) return 0;
    this.#isAfterCr = false;
    return chunk[0] === LF ? 1 : 0;
  }

  #afterCr(chunk: Buffer, cr: number): number {
    if (cr + 1 === chunk.length) this.#isAfterCr = true;
    return chunk[cr + 1] === LF ? cr + 2 : cr + 1;
  }

  #hold(piece: Buffer): void {
    this.#lineBytes += piece.length;
    if (this.#isOverLimit(0)) this.#skip();
    else if (!this.#isOversized) this.#pieces.push(piece);
  }

  #line(chunk: Buffer, start: number, end: number): void {
    const length = this.#lineBytes + end - start;
    if (this.#isOverLimit(end - start)) this.#skip();
    this.#lineBytes = 0;
    if (length === 0) this.#finish();
    else if (!this.#isOversized) this.#field(this.#wholeLine(chunk, start, end));
    this.#isAtStart = false;
  }

  #wholeLine(chunk: Buffer, start: number, end: number): Buffer {
    let line = chunk.subarray(start, end);
    if (this.#pieces.length > 0) {
      this.#pieces.push(line);
      line = Buffer.concat(this.#pieces);
      this.#pieces = [];
    }
    if (!this.#isAtStart) return line;
    return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? line.subarray(3) : line;
  }

  #isOverLimit(more: number): boolean {
    return !this.#isOversized && this.#dataBytes + this.#lineBytes + more > this.#eventBytesMax;
  }

  #skip(): void {
    this.#isOversized = true;
    this.#pieces = [];
    this.#data = [];
    this.#sink.oversized();
  }

  #field(line: Buffer): void {
    const colon = line.indexOf(COLON);
    if (colon === 0) return;
    const name = line.toString('latin1', 0, colon === -1 ? line.length : colon);
    const value = colon === -1 ? EMPTY : line.subarray(line[colon + 1] === SPACE ? colon + 2 : colon + 1);
    if (name === 'data') {
      this.#data.push(value);
      this.#dataBytes += value.length + 1;
    } else if (name === 'event') {
      this.#name = value.toString();
    } else if (name === 'id') {
      if (!value.includes(0)) this.#pendingId = value.toString();
    } else if (name === 'retry') {
      const text = value.toString('latin1');
      if (/^\d{1,15}$/.test(text)) this.#retryMs = Number(text);
    }
  }

  #finish(): void {
    const data = this.#data;
    const name = this.#name === '' ? 'message' : this.#name;
    this.#data = [];
    this.#dataBytes = 0;
    this.#name = '';
    this.#isOversized = false;
    this.#lastEventId = this.#pendingId;
    if (data.length > 0 && !this.#isStopped) this.#sink.event(name, joinLines(data));
  }
}

/** The smaller of two positions, where -1 means none. */
function firstOf(one: number, other: number): number {
  if (one === -1) return other;
  return other === -1 ? one : Math.min(one, other);
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const [first] = lines;
  if (lines.length === 1 && first !== undefined) return first;
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [NEWLINE, line])));
}
