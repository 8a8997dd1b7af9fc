/** Records on their way to another thread: an array of texts is copied much faster than one of objects. */
import type { PendingRecord } from './audit-store.ts';

/** Four for each record: its text, arguments, result, and what was cut. */
export type PackedRecords = readonly (string | number | undefined)[];

const ARGUMENTS_CUT = 1;
const RESULT_CUT = 2;
const PER_RECORD = 4;

export function packRecords(batch: readonly PendingRecord[]): PackedRecords {
  const packed: (string | number | undefined)[] = [];
  for (const { record, arguments: given, result, isArgumentsCut, isResultCut } of batch) {
    packed.push(record, given, result, (isArgumentsCut === true ? ARGUMENTS_CUT : 0) + (isResultCut === true ? RESULT_CUT : 0));
  }
  return packed;
}

/** As they were before `packRecords`. */
export function unpackRecords(packed: PackedRecords): PendingRecord[] {
  const batch: PendingRecord[] = [];
  for (let at = 0; at < packed.length; at += PER_RECORD) {
    const cut = Number(packed[at + 3]);
    batch.push({ record: String(packed[at]), arguments: textAt(packed, at + 1), result: textAt(packed, at + 2), isArgumentsCut: (cut & ARGUMENTS_CUT) !== 0, isResultCut: (cut & RESULT_CUT) !== 0 });
  }
  return batch;
}

function textAt(packed: PackedRecords, index: number): string | undefined {
  const text = packed[index];
  return typeof text === 'string' ? text : undefined;
}
