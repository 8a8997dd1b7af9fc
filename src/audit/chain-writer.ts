/** Records → rows of one chain. Keeps where the chain ends; the rows count once they are written. */
import { type AuditColumns, type AuditRecord, columnsOf, type KeptText } from './audit-record.ts';
import type { Payload } from './audit-store.ts';
import { digestOf, type Head, linkOf } from './chain.ts';
import type { PendingRecord } from './record-pack.ts';

/** Takes secrets out of a payload. `isCut`: the text is no whole JSON. */
export type RedactPayload = (text: string, isCut: boolean) => { readonly text: string; readonly redactions: number };

/** A record with its place in the chain. */
export interface ChainedRecord {
  readonly seq: number;
  readonly text: string;
  readonly hash: string;
  readonly payload: Payload | undefined;
}

/** As it lies in a table. */
export interface ChainRow extends ChainedRecord {
  readonly columns: AuditColumns;
}

export interface ChainedBatch {
  readonly records: readonly ChainedRecord[];
  /** Where the chain ends once they are written. */
  readonly head: Head;
}

/** What `batch` becomes after `head`. */
export function chainAfter(head: Head, batch: Iterable<PendingRecord>, redact: RedactPayload): ChainedBatch {
  const records = [...chained(head, batch, redact)];
  const { seq, hash } = records.at(-1) ?? head;
  return { records, head: { writer: head.writer, seq, hash } };
}

/** The same one by one: who writes each as it comes keeps none of them in memory. */
export function* chained(head: Head, batch: Iterable<PendingRecord>, redact: RedactPayload): Generator<ChainedRecord, void> {
  let { seq, hash } = head;
  for (const pending of batch) {
    const keptArguments = keep(pending.arguments, pending.isArgumentsCut === true, redact);
    const keptResult = keep(pending.result, pending.isResultCut === true, redact);
    const hasPayload = keptArguments !== undefined || keptResult !== undefined;
    const text = hasPayload ? `${pending.record.slice(0, -1)}${member('keptArguments', keptArguments?.kept)}${member('keptResult', keptResult?.kept)}}` : pending.record;
    hash = linkOf(hash, ++seq, text);
    yield { seq, text, hash, payload: hasPayload ? { arguments: keptArguments?.text ?? null, result: keptResult?.text ?? null } : undefined };
  }
}

export function toRow(record: ChainedRecord): ChainRow {
  return { ...record, columns: columnsOf(JSON.parse(record.text) as AuditRecord) };
}

export function* toRows(records: Iterable<ChainedRecord>): Generator<ChainRow, void> {
  for (const record of records) yield toRow(record);
}

/** Added to the text as it is: to write all of it again would cost more than everything else here. */
function member(name: 'keptArguments' | 'keptResult', kept: KeptText | undefined): string {
  return kept === undefined ? '' : `,"${name}":{"sha256":"${kept.sha256}","isCut":${kept.isCut},"redactions":${kept.redactions}}`;
}

function keep(text: string | undefined, isCut: boolean, redact: RedactPayload): { readonly text: string; readonly kept: KeptText } | undefined {
  if (text === undefined) return undefined;
  const clean = redact(text, isCut);
  return { text: clean.text, kept: { sha256: digestOf(clean.text), isCut, redactions: clean.redactions } };
}
