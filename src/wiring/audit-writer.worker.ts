/** The thread that writes the record: redacts payloads, chains, commits. One message in is one message out. */
import { parentPort, workerData } from 'node:worker_threads';
import { type CancelTimer, systemClock } from '../base/clock.ts';
import { createKeyedDigest } from '../base/keyed-digest.ts';
import { createRedactPayload } from './redact-payload.ts';
import { type RetainOptions, SqliteAuditWriter } from '../storage/audit-sqlite-writer.ts';

export interface WriterData {
  readonly folder: string;
  readonly writer: string;
  readonly privateKey: string;
  /** Of the digests in the place of secrets. */
  readonly digestKey: Uint8Array;
}

export type WriterRequest =
  | { readonly id: number; readonly do: 'append'; readonly packs: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly id: number; readonly do: 'retain'; readonly options: RetainOptions }
  | { readonly id: number; readonly do: 'settle' }
  | { readonly id: number; readonly do: 'close' };

export type WriterAnswer =
  | { readonly id: number }
  | { readonly id: number; readonly code: string; readonly message: string };

const { folder, writer: name, privateKey, digestKey } = workerData as WriterData;
/** After so long without a write the rows are made of what waits. */
const IDLE_MS = 500;
let writer: SqliteAuditWriter | undefined;
let stopIdleTimer: CancelTimer | undefined;

async function run(request: WriterRequest): Promise<void> {
  // Opened by the first request, so that a store that cannot be opened is told as its failure, and tried again.
  writer ??= new SqliteAuditWriter({ folder, writer: name, privateKey, redact: createRedactPayload(createKeyedDigest(digestKey)), nowMs: systemClock.nowMs });
  if (request.do === 'append') append(writer, request.packs);
  else if (request.do === 'settle') await settle(writer, writer.lastSeq);
  else if (request.do === 'retain') writer.retain(request.options);
  else writer.close();
}

function append(to: SqliteAuditWriter, packs: readonly Uint8Array[]): void {
  to.append(packs);
  stopIdleTimer?.();
  stopIdleTimer = to.isBehind ? systemClock.after(IDLE_MS, () => void settle(to, to.lastSeq).catch(() => undefined)) : undefined;
}

/** In slices, so that writes come in between. What fails here stays where it is, and fails whoever reads next, with a reason. */
async function settle(to: SqliteAuditWriter, seq: number): Promise<void> {
  while (to.storedSeq < seq && to.unpack()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

parentPort?.on('message', (request: WriterRequest) => {
  run(request).then(
    () => parentPort?.postMessage({ id: request.id } satisfies WriterAnswer),
    (thrown: unknown) => {
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
      parentPort?.postMessage({ id: request.id, code, message: thrown instanceof Error ? thrown.message : String(thrown) } satisfies WriterAnswer);
    },
  );
});
