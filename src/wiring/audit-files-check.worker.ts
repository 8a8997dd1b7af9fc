/**
 * The check of the record's files, in a process of its own: SQLite reads a whole file in one turn and cannot be asked
 * to stop. A thread of it does the work, so that it can end at once where the gateway does. It answers once.
 */
import { constants, setPriority } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { damageOf } from '../storage/audit-damage.ts';

/** A sentence for each problem. */
export type FilesCheckAnswer = { readonly problems: readonly string[] } | { readonly failed: string };

if (isMainThread) {
  process.on('disconnect', endNow);
  // The gateway may be gone before this is read.
  if (!process.connected) endNow();
  yieldToCalls();
  const thread = new Worker(new URL('./audit-files-check.worker.ts', import.meta.url), { workerData: process.argv[2] });
  thread.on('message', answer);
  thread.on('error', (thrown) => answer({ failed: thrown instanceof Error ? thrown.message : String(thrown) }));
} else {
  parentPort?.postMessage({ problems: damageOf(workerData as string) } satisfies FilesCheckAnswer);
}

/** An end in good order would wait for the thread. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

function answer(said: FilesCheckAnswer): void {
  process.send?.(said, () => process.exit());
}

/** Threads begin with the priority of the one that starts them. Where it may not be changed, it stays. */
function yieldToCalls(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    return;
  }
}
