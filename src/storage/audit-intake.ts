/**
 * What was recorded under load and is not in the tables yet: an append-only file beside them. A line is written and
 * synced for a tenth of what a row with its indexes costs; rows are made of the lines when there is time, or when
 * somebody looks. A line is number, hash, text, arguments and result, the latter two as JSON.
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditColumns, RECORD_KINDS } from '../audit/audit-record.ts';
import { TextBlock } from '../base/text-block.ts';
import type { Payload } from '../audit/audit-store.ts';
import { type ChainedRecord, type ChainRow, toRow } from '../audit/chain-writer.ts';

const INTAKE_FILE = 'audit-intake.tsv';
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

export class AuditIntake {
  #file: number;
  readonly #lines = new TextBlock();
  /** What is read goes into it; made once there is something to read. */
  #chunk: Buffer = Buffer.alloc(0);
  /** Of the file, and how much of it was taken. */
  #bytes: number;
  #takenBytes = 0;

  /** Opens the file of an earlier run too; what a crash left of a write that nobody was told of is cut off. */
  constructor(folder: string) {
    this.#file = openSync(join(folder, INTAKE_FILE), 'a+', 0o600);
    this.#bytes = this.#wholeLines(fstatSync(this.#file).size);
    ftruncateSync(this.#file, this.#bytes);
  }

  get waitingBytes(): number {
    return this.#bytes - this.#takenBytes;
  }

  /** On return the lines survive a power cut. Returns the last record's place. Throws where they cannot be written; then none is there. */
  append(records: Iterable<ChainedRecord>): { readonly seq: number; readonly hash: string } | undefined {
    let last: { readonly seq: number; readonly hash: string } | undefined;
    try {
      for (const { seq, hash, text, payload } of records) {
        this.#lines.text(`${seq}\t${hash}\t${text}\t${cells(payload)}\n`);
        last = { seq, hash };
      }
      this.#write(this.#lines.bytes);
    } finally {
      this.#lines.clear();
    }
    return last;
  }

  /**
   * Rows of the next lines, at most so many, from after `lastSeq` on, each made as it is asked for. `taken` is called once
   * they are elsewhere. A line that somebody changed until it is none, or has another's place, is left out, which verification finds.
   */
  next(lastSeq: number, max: number): { readonly rows: Iterable<ChainRow>; readonly taken: () => void } {
    let end = this.#takenBytes;
    const lines = this.#linesFrom(this.#takenBytes);
    const rows = function* (): Generator<ChainRow, void> {
      let last = lastSeq;
      let leftOut = 0;
      for (let count = 0; count < max; count++) {
        const { value } = lines.next();
        if (value === undefined) return;
        end = value.end;
        const row = toRowOfLine(value.line);
        if (row === undefined || row.seq <= last || row.seq > last + 1 + leftOut) leftOut++;
        else {
          last = row.seq;
          leftOut = 0;
          yield row;
        }
      }
    };
    return { rows: rows(), taken: () => this.#take(end) };
  }

  /** Harmless when done twice. */
  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  #take(upTo: number): void {
    this.#takenBytes = upTo;
    if (this.#takenBytes < this.#bytes) return;
    ftruncateSync(this.#file, 0);
    this.#bytes = 0;
    this.#takenBytes = 0;
  }

  #write(bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
      fdatasyncSync(this.#file);
    } catch (thrown) {
      ftruncateSync(this.#file, this.#bytes);
      throw thrown;
    }
    this.#bytes += bytes.length;
  }

  /** `end`: where the next one begins. */
  *#linesFrom(start: number): Generator<{ readonly line: string; readonly end: number }, undefined> {
    for (let from = start; from < this.#bytes; ) {
      const chunk = this.#chunkAt(from);
      let at = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
        const line = chunk.toString('utf8', at, end);
        at = end + 1;
        yield { line, end: from + at };
      }
      from += at;
      // Somebody took the last end of a line away.
      if (at === 0) yield { line: '', end: (from = this.#bytes) };
    }
    return undefined;
  }

  /** With at least one line, however long it is, unless there is no end of one any more. */
  #chunkAt(start: number): Buffer {
    for (let length = CHUNK_BYTES; ; length *= 2) {
      if (this.#chunk.length < length) this.#chunk = Buffer.allocUnsafeSlow(length);
      const read = readSync(this.#file, this.#chunk, 0, Math.min(length, this.#bytes - start), start);
      const chunk = this.#chunk.subarray(0, read);
      if (chunk.includes(NEWLINE) || start + length >= this.#bytes) return chunk;
    }
  }

  /** Up to the end of the last line. */
  #wholeLines(size: number): number {
    const chunk = Buffer.alloc(Math.min(size, CHUNK_BYTES));
    for (let end = size; end > 0; end -= chunk.length) {
      const start = Math.max(0, end - chunk.length);
      const read = readSync(this.#file, chunk, 0, end - start, start);
      const last = chunk.subarray(0, read).lastIndexOf(NEWLINE);
      if (last >= 0) return start + last + 1;
    }
    return 0;
  }
}

/** As they are written; another spelling of the same is not what was. */
function cells(payload: Payload | undefined): string {
  return `${cell(payload?.arguments)}\t${cell(payload?.result)}`;
}

function cell(text: string | null | undefined): string {
  return text === null || text === undefined ? '' : JSON.stringify(text);
}

function toRowOfLine(line: string): ChainRow | undefined {
  const [seq = '', hash = '', text = '', given = '', result = '', ...more] = line.split('\t');
  if (!/^[1-9]\d{0,15}$/.test(seq) || more.length > 0) return undefined;
  try {
    const payload = given === '' && result === '' ? undefined : { arguments: textOf(given), result: textOf(result) };
    const row = toRow({ seq: Number(seq), hash, text, payload });
    return isWhole(row.columns) && cells(payload) === `${given}\t${result}` ? row : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a table takes it. */
function isWhole(columns: AuditColumns): boolean {
  const { kind, atMs, ...others } = columns;
  return RECORD_KINDS.includes(kind) && Number.isSafeInteger(atMs) && Object.values(others).every((value) => value === null || typeof value === 'string');
}

function textOf(json: string): string | null {
  if (json === '') return null;
  const text: unknown = JSON.parse(json);
  if (typeof text !== 'string') throw new TypeError('no text');
  return text;
}
