/**
 * Records on their way to the store, one after the other in a block of bytes. Kept as objects and texts they would
 * outlive the young generation of the heap, which is copied with them, and be cloned one by one for the writer's thread.
 */
import { TextBlock } from '../base/text-block.ts';

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

/** Before each record: the byte lengths of its three texts, and its flags; 32 bits each, little-endian. */
const HEAD_BYTES = 16;
/** In the place of a length: there is no such text. */
const NONE = 0xffff_ffff;
const ARGUMENTS_CUT = 1;
const RESULT_CUT = 2;

export class RecordPack {
  readonly #block = new TextBlock();
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
    return this.#block.byteLength;
  }

  /** Those of the block itself: they change when it is used again. */
  get bytes(): Uint8Array {
    return this.#block.bytes;
  }

  add({ record, arguments: given, result, isArgumentsCut, isResultCut }: PendingRecord): void {
    const block = this.#block;
    const head = block.leave(HEAD_BYTES);
    block.setUint32(block.text(record), head);
    block.setUint32(given === undefined ? NONE : block.text(given), head + 4);
    block.setUint32(result === undefined ? NONE : block.text(result), head + 8);
    block.setUint32((isArgumentsCut === true ? ARGUMENTS_CUT : 0) + (isResultCut === true ? RESULT_CUT : 0), head + 12);
    this.#count++;
  }

  /** Empty again. */
  clear(): void {
    this.#block.clear();
    this.#count = 0;
  }
}

/** The records of packs' bytes, in their order. */
export function* unpackRecords(packs: readonly Uint8Array[]): Generator<PendingRecord, void> {
  for (const packed of packs) {
    const block = toBuffer(packed);
    for (let head = 0; head < block.length; head = endOf(block, head)) yield recordAt(block, head);
  }
}

export function countRecords(packs: readonly Uint8Array[]): number {
  let count = 0;
  for (const packed of packs) {
    const block = toBuffer(packed);
    for (let head = 0; head < block.length; head = endOf(block, head)) count++;
  }
  return count;
}

function toBuffer(packed: Uint8Array): Buffer {
  return Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
}

function lengthAt(block: Buffer, at: number): number {
  const length = block.readUInt32LE(at);
  return length === NONE ? 0 : length;
}

/** Of the record whose head is there. */
function endOf(block: Buffer, head: number): number {
  return head + HEAD_BYTES + lengthAt(block, head) + lengthAt(block, head + 4) + lengthAt(block, head + 8);
}

function recordAt(block: Buffer, head: number): PendingRecord {
  let at = head + HEAD_BYTES;
  const take = (length: number): string | undefined => (length === NONE ? undefined : block.toString('utf8', at, (at += length)));
  const record = take(block.readUInt32LE(head)) ?? '';
  const given = take(block.readUInt32LE(head + 4));
  const result = take(block.readUInt32LE(head + 8));
  const cut = block.readUInt32LE(head + 12);
  return { record, arguments: given, result, isArgumentsCut: (cut & ARGUMENTS_CUT) !== 0, isResultCut: (cut & RESULT_CUT) !== 0 };
}
