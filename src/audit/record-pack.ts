/**
 * Records on their way to the store, one after the other in a block of bytes. Kept as objects and texts they would
 * outlive the young generation of the heap, which is copied with them, and be cloned one by one for the writer's thread.
 */

/** A record on its way into the store. */
export interface PendingRecord {
  /** JSON of an AuditRecord. */
  readonly record: string;
  /** Arguments and result as they came; redacted before they are written. */
  readonly arguments?: string | undefined;
  readonly result?: string | undefined;
  /** The text was longer. */
  readonly isArgumentsCut?: boolean | undefined;
  readonly isResultCut?: boolean | undefined;
}

const FIRST_BYTES = 64 << 10;
/** A block that had to grow beyond this is not used again. */
const KEPT_BYTES_MAX = 4 << 20;
/** Before each record: the byte lengths of its three texts, and its flags; 32 bits each, little-endian. */
const HEAD_BYTES = 16;
const UTF8_BYTES_MAX = 3;
/** In the place of a length: there is no such text. */
const NONE = 0xffff_ffff;
const ARGUMENTS_CUT = 1;
const RESULT_CUT = 2;

export class RecordPack {
  #block: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;
  #count = 0;

  static of(records: readonly PendingRecord[]): RecordPack {
    const pack = new RecordPack();
    for (const record of records) pack.add(record);
    return pack;
  }

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#used;
  }

  /** Those of the block itself: they change when it is used again. */
  get bytes(): Uint8Array {
    return this.#block.subarray(0, this.#used);
  }

  add({ record, arguments: given, result, isArgumentsCut, isResultCut }: PendingRecord): void {
    this.#makeRoom(HEAD_BYTES + UTF8_BYTES_MAX * (record.length + (given?.length ?? 0) + (result?.length ?? 0)));
    const head = this.#used;
    this.#used += HEAD_BYTES;
    this.#block.writeUInt32LE(this.#text(record), head);
    this.#block.writeUInt32LE(given === undefined ? NONE : this.#text(given), head + 4);
    this.#block.writeUInt32LE(result === undefined ? NONE : this.#text(result), head + 8);
    this.#block.writeUInt32LE((isArgumentsCut === true ? ARGUMENTS_CUT : 0) + (isResultCut === true ? RESULT_CUT : 0), head + 12);
    this.#count++;
  }

  /** Empty again. */
  clear(): void {
    if (this.#block.length > KEPT_BYTES_MAX) this.#block = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#used = 0;
    this.#count = 0;
  }

  /** Its length in bytes. */
  #text(text: string): number {
    const length = this.#block.write(text, this.#used);
    this.#used += length;
    return length;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#block.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#block.length));
    this.#block.copy(larger, 0, 0, this.#used);
    this.#block = larger;
  }
}

/** The records of a pack's bytes, in their order. */
export function unpackRecords(packed: Uint8Array): PendingRecord[] {
  const block = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const records: PendingRecord[] = [];
  for (let at = 0; at < block.length; ) {
    const head = at;
    at += HEAD_BYTES;
    const take = (length: number): string | undefined => (length === NONE ? undefined : block.toString('utf8', at, (at += length)));
    const record = take(block.readUInt32LE(head)) ?? '';
    const given = take(block.readUInt32LE(head + 4));
    const result = take(block.readUInt32LE(head + 8));
    const cut = block.readUInt32LE(head + 12);
    records.push({ record, arguments: given, result, isArgumentsCut: (cut & ARGUMENTS_CUT) !== 0, isResultCut: (cut & RESULT_CUT) !== 0 });
  }
  return records;
}
