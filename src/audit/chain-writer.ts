/** Records → rows of one chain. Keeps where the chain ends; the rows count once they are written. */
import { type AuditColumns, type AuditRecord, columnsOf, type KeptText } from './audit-record.ts';
import type { Payload, PendingRecord } from './audit-store.ts';
import { digestOf, type Head, linkOf } from './chain.ts';

/** Takes secrets out of a payload. `isCut`: the text is no whole JSON. */
export type RedactPayload = (text: string, isCut: boolean) => { readonly text: string; readonly redactions: number };

export interface ChainRow {
  readonly seq: number;
  readonly text: string;
  readonly hash: string;
  readonly columns: AuditColumns;
  readonly payload: Payload | undefined;
}

export interface PreparedRows {
  readonly rows: readonly ChainRow[];
  /** Where the chain ends once they are written. */
  readonly head: Head;
}

/** The rows that `batch` becomes after `head`. */
export function prepareRows(head: Head, batch: readonly PendingRecord[], redact: RedactPayload): PreparedRows {
  let { seq, hash } = head;
  const rows = batch.map((pending): ChainRow => {
    const given = JSON.parse(pending.record) as AuditRecord;
    const keptArguments = keep(pending.arguments, pending.isArgumentsCut === true, redact);
    const keptResult = keep(pending.result, pending.isResultCut === true, redact);
    const hasPayload = keptArguments !== undefined || keptResult !== undefined;
    const text = hasPayload ? `${pending.record.slice(0, -1)}${member('keptArguments', keptArguments?.kept)}${member('keptResult', keptResult?.kept)}}` : pending.record;
    hash = linkOf(hash, ++seq, text);
    return {
      seq,
      text,
      hash,
      columns: columnsOf(given),
      payload: hasPayload ? { arguments: keptArguments?.text ?? null, result: keptResult?.text ?? null } : undefined,
    };
  });
  return { rows, head: { writer: head.writer, seq, hash } };
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
