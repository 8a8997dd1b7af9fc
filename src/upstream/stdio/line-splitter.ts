/**
 * Cuts a byte stream into lines. A line of n bytes costs in the order of n, however it was cut up. A line above `lineBytesMax` is thrown away while it passes: only its first and last bytes are
 * kept, from which `read-line.ts` can still tell whose answer it was.
 */

const LF = 0x0a;
const CR = 0x0d;
/** Bytes kept of each end of a line that is thrown away. */
const EDGE_BYTES = 512;
const CAPACITY_BYTES_MIN = 4096;
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
  /** The line that has begun; grows by doubling, so that neither a big line nor one of many small chunks is dear. */
  #held: Buffer = NOTHING;
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
    const line = this.#held.subarray(0, this.#unfinishedBytes);
    this.#reset();
    if (edges === undefined) this.#emit(line);
    else this.#events.discarded(edges.head, withoutCr(edges.tail), true);
  }

  #emit(bytes: Buffer): void {
    const line = withoutCr(bytes);
    if (line.length <= this.#bounds.lineBytesMax) return this.#events.line(line);
    const { head, tail } = edgesOf(line);
    this.#events.outgrown(head);
    if (!this.#isStopped) this.#events.discarded(head, tail, true);
  }

  #extend(part: Buffer): void {
    if (this.#isStopped || part.length === 0) return;
    const before = this.#unfinishedBytes;
    this.#unfinishedBytes += part.length;
    if (this.#edges !== undefined) return this.#discard(this.#edges, part);
    // One byte more may be the CR of a line that fits exactly.
    if (this.#unfinishedBytes <= this.#bounds.lineBytesMax + 1) return this.#hold(part, before);
    const begun = this.#held.subarray(0, before);
    this.#held = NOTHING;
    this.#edges = { head: Buffer.concat([begun.subarray(0, EDGE_BYTES), part.subarray(0, EDGE_BYTES)]).subarray(0, EDGE_BYTES), tail: Buffer.from(begun.subarray(-EDGE_BYTES)) };
    const edges = this.#edges;
    this.#events.outgrown(edges.head);
    if (!this.#isStopped) this.#discard(edges, part);
  }

  #hold(part: Buffer, at: number): void {
    if (this.#held.length < at + part.length) {
      const capacity = Math.min(Math.max((at + part.length) * 2, CAPACITY_BYTES_MIN), this.#bounds.lineBytesMax + 1);
      const grown = Buffer.allocUnsafe(capacity);
      this.#held.copy(grown, 0, 0, at);
      this.#held = grown;
    }
    part.copy(this.#held, at);
  }

  #discard(edges: { readonly head: Buffer; tail: Buffer }, part: Buffer): void {
    edges.tail = Buffer.concat([edges.tail, part.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES);
    if (this.#unfinishedBytes <= this.#bounds.discardBytesMax) return;
    this.stop();
    this.#events.discarded(edges.head, edges.tail, false);
  }

  #reset(): void {
    this.#held = NOTHING;
    this.#unfinishedBytes = 0;
    this.#edges = undefined;
  }
}

function withoutCr(bytes: Buffer): Buffer {
  return bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes;
}

/** Copies, so that the line itself can go. */
function edgesOf(line: Buffer): { head: Buffer; tail: Buffer } {
  return { head: Buffer.from(line.subarray(0, EDGE_BYTES)), tail: Buffer.from(line.subarray(-EDGE_BYTES)) };
}
