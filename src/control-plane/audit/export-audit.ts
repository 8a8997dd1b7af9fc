import type { RecordQuery, StoredRecord } from '../../audit/audit-store.ts';
import { type AuditRecord, ExportAudit } from '../../contract/audit.ts';
import { bindStream } from '../operation.ts';
import { toRecordQuery } from '../recorded-request.ts';
import type { Recordings } from '../recording.ts';
import { showRecord } from './show-record.ts';

const PAGE_ROWS = 500;

/** As much as there is, a page at a time, as fast as the reader takes it. */
export const exportAudit = bindStream(ExportAudit, async ({ query, services }) => {
  const { format, kind, call, ...filter } = query;
  await services.recordings.settle();
  const pages = pagesOf(services.recordings.store, { ...toRecordQuery(filter), kinds: kind && [kind], callId: call });
  return format === 'csv'
    ? { contentType: 'text/csv', fileName: 'audit.csv', chunks: csvOf(pages) }
    : { contentType: 'application/x-ndjson', fileName: 'audit.jsonl', chunks: linesOf(pages) };
});

async function* pagesOf(store: Recordings['store'], query: Omit<RecordQuery, 'limit'>): AsyncIterable<readonly StoredRecord[]> {
  for (let beforePosition: number | undefined; ; ) {
    const page = await store.find({ ...query, beforePosition, limit: PAGE_ROWS });
    if (page.length > 0) yield page;
    beforePosition = page.at(-1)?.position;
    if (page.length < PAGE_ROWS) return;
  }
}

/** The text that the chain covers goes along, so that the chain can be checked by who has only the file and the public key. */
async function* linesOf(pages: AsyncIterable<readonly StoredRecord[]>): AsyncIterable<string> {
  for await (const page of pages) yield page.map((stored) => `${JSON.stringify({ ...showRecord(stored), record: stored.text })}\n`).join('');
}

const COLUMNS = [
  'position',
  'at',
  'kind',
  'callId',
  'principal',
  'key',
  'client',
  'address',
  'endpoint',
  'namespace',
  'method',
  'server',
  'tool',
  'exposed',
  'decision',
  'rule',
  'outcome',
  'failedAt',
  'durationMs',
  'upstreamMs',
  'bytesIn',
  'bytesOut',
  'tokens',
  'cost',
  'action',
  'subject',
  'argumentsDigest',
  'resultDigest',
  'traceId',
  'hash',
] as const;

async function* csvOf(pages: AsyncIterable<readonly StoredRecord[]>): AsyncIterable<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const page of pages) yield page.map((stored) => `${toCells(showRecord(stored)).map(toCell).join(',')}\r\n`).join('');
}

function toCells(record: AuditRecord): (string | number | null)[] {
  const values: Readonly<Record<string, unknown>> = {
    ...record,
    principal: record.principal?.id ?? null,
    decision: record.decision?.effect ?? null,
    rule: record.decision?.rule ?? null,
  };
  return COLUMNS.map((column) => {
    const value = values[column];
    return typeof value === 'number' ? value : value === null || value === undefined ? null : String(value);
  });
}

/** RFC 4180; a cell that a spreadsheet would run as a formula is made text. */
function toCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
