/** The thread that writes the record: redacts payloads, chains, commits. One message in is one message out. */
import { parentPort, workerData } from 'node:worker_threads';
import { type PackedRecords, unpackRecords } from './audit/packed-records.ts';
import { systemClock } from './base/clock.ts';
import { redactPayload } from './redact-payload.ts';
import { type RetainOptions, SqliteAuditWriter } from './storage/audit-sqlite-writer.ts';

export interface WriterData {
  readonly folder: string;
  readonly writer: string;
  readonly privateKey: string;
}

export type WriterRequest =
  | { readonly id: number; readonly do: 'append'; readonly batch: PackedRecords }
  | { readonly id: number; readonly do: 'retain'; readonly options: RetainOptions }
  | { readonly id: number; readonly do: 'damage' }
  | { readonly id: number; readonly do: 'close' };

export type WriterAnswer =
  | { readonly id: number; readonly problems: readonly string[] }
  | { readonly id: number; readonly code: string; readonly message: string };

const { folder, writer: name, privateKey } = workerData as WriterData;
let writer: SqliteAuditWriter | undefined;

function run(request: WriterRequest): readonly string[] {
  // Opened by the first request, so that a store that cannot be opened is told as its failure, and tried again.
  writer ??= new SqliteAuditWriter({ folder, writer: name, privateKey, redact: redactPayload, nowMs: systemClock.nowMs });
  if (request.do === 'append') writer.append(unpackRecords(request.batch));
  else if (request.do === 'retain') writer.retain(request.options);
  else if (request.do === 'damage') return writer.damage();
  else writer.close();
  return [];
}

parentPort?.on('message', (request: WriterRequest) => {
  let answer: WriterAnswer;
  try {
    answer = { id: request.id, problems: run(request) };
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    answer = { id: request.id, code, message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  parentPort?.postMessage(answer);
});
