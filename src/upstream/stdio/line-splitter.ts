/**
 * Cuts a byte stream into lines. A line of n bytes costs in the order of n, however it was cut up. A line above `lineBytesMax` is thrown away while it passes: only its first and last bytes are
 * kept, from which `read-line.ts` can still tell whose answer it was.
 */

const LF = 0x0a;
const CR = 0x0d;
/** Bytes kept of each end of a line that is thrown away. */
const EDGE_BYTES = 512;
/** Smaller parts are copied together: a line of single bytes must not cost an object each. */
const COPY_BELOW_BYTES = 4096;
const BLOCK_BYTES = 8192;
const NOTHING = Buffer.alloc(0);

export interface LineEvents {
  /** One line without its end (LF or CRLF); may be empty. */
  line(bytes: Buffer): void;
  /** The current line just passed `lineBytesMax`. Its end may be far off, or never come. */
  outgrown(head: Buffer): void;
  /** An outgrown line ended, or passed `discardBytesMax` without ending (`hasEnded` false). */
  discarded(head: Buffer, tail: Buffer, hasEnded: boolean): void;
}

export interface LineBounds {
  readonly lineBytesMax: number;
  /** How much of an outgrown line is read in the hope of its end. */
  readonly discardBytesMax: number;
}

export class LineSplitter {
  readonly #events: LineEvents;
  readonly #bounds: LineBounds;
  /** The line that has begun: big parts as they came, small ones as views of a block. */
  #parts: Buffer[] = [];
  /** Filled once from front to back, over many lines, and then replaced: views of it may live on. */
  #block: Buffer = NOTHING;
  #blockUsed = 0;
  /** Where in the block the last part begins, when that is a view of it. */
  #viewStart: number | undefined;
  #unfinishedBytes = 0;
  /** Both ends of the line, once it is outgrown. */
  #edges: { readonly head: Buffer; tail: Buffer } | undefined;
  #isStopped = false;

  constructor(bounds: LineBounds, events: LineEvents) {
    this.#bounds = bounds;
    this.#events = events;
  }

  /** Bytes of the line that has begun and not ended; counted, not held, once it is outgrown. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /** Emits every line that this chunk ends. A line that lies within one chunk is a view of it. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1 && !this.#isStopped; end = chunk.indexOf(LF, start)) {
      if (this.#unfinishedBytes === 0) this.#emit(chunk.subarray(start, end));
      else this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#extend(chunk.subarray(start));
  }

  /** Emits nothing from now on, also from within an event. */
  stop(): void {
    this.#isStopped = true;
    this.#reset();
  }

  #finish(part: Buffer): void {
    this.#extend(part);
    if (this.#isStopped) return;
    const edges = this.#edges;
    const parts = this.#parts;
    const [first = NOTHING] = parts;
    this.#reset();
    if (edges === undefined) this.#emit(parts.length > 1 ? Buffer.concat(parts) : first);
    else this.#events.discarded(edges.head, withoutCr(edges.tail), true);
  }

  #emit(bytes: Buffer): void {
    const line = withoutCr(bytes);
    if (line.length <= this.#bounds.lineBytesMax) return this.#events.line(line);
    const { head, tail } = edgesOf([line]);
    this.#events.outgrown(head);
    if (!this.#isStopped) this.#events.discarded(head, tail, true);
  }

  #extend(part: Buffer): void {
    if (this.#isStopped || part.length === 0) return;
    this.#unfinishedBytes += part.length;
    if (this.#edges !== undefined) return this.#discard(this.#edges, part);
    // One byte more may be the CR of a line that fits exactly.
    if (this.#unfinishedBytes <= this.#bounds.lineBytesMax + 1) return this.#hold(part);
    const edges = edgesOf([...this.#parts, part]);
    this.#edges = edges;
    this.#parts = [];
    this.#events.outgrown(edges.head);
    if (!this.#isStopped) this.#discard(edges, NOTHING);
  }

  #hold(part: Buffer): void {
    if (part.length >= COPY_BELOW_BYTES) {
      this.#parts.push(part);
      this.#viewStart = undefined;
      return;
    }
    if (this.#block.length - this.#blockUsed < part.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#blockUsed = 0;
      this.#viewStart = undefined;
    }
    if (this.#viewStart === undefined) {
      this.#viewStart = this.#blockUsed;
      this.#parts.push(NOTHING);
    }
    part.copy(this.#block, this.#blockUsed);
    this.#blockUsed += part.length;
    this.#parts[this.#parts.length - 1] = this.#block.subarray(this.#viewStart, this.#blockUsed);
  }

  #discard(edges: { readonly head: Buffer; tail: Buffer }, part: Buffer): void {
    edges.tail = Buffer.concat([edges.tail, part.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES);
    if (this.#unfinishedBytes <= this.#bounds.discardBytesMax) return;
    this.stop();
    this.#events.discarded(edges.head, edges.tail, false);
  }

  #reset(): void {
    this.#parts = [];
    this.#viewStart = undefined;
    this.#unfinishedBytes = 0;
    this.#edges = undefined;
  }
}

function withoutCr(bytes: Buffer): Buffer {
  return bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes;
}

/** Copies, so that the line itself can go. */
function edgesOf(parts: readonly Buffer[]): { readonly head: Buffer; tail: Buffer } {
  let head: Buffer = NOTHING;
  for (let index = 0; head.length < EDGE_BYTES && index < parts.length; index += 1) head = Buffer.concat([head, (parts[index] ?? NOTHING).subarray(0, EDGE_BYTES - head.length)]);
  let tail: Buffer = NOTHING;
  for (let index = parts.length - 1; tail.length < EDGE_BYTES && index >= 0; index -= 1) tail = Buffer.concat([(parts[index] ?? NOTHING).subarray(tail.length - EDGE_BYTES), tail]);
  return { head, tail };
}
