/** Has the record's files checked beside the work: whoever verifies waits for it, calls and the writing of the record do not. */
import { fork } from 'node:child_process';
import { Fault } from '../base/fault.ts';
import type { FilesCheckAnswer } from './audit-files-check.worker.ts';

/** What is wrong with the files in the folder, a sentence each. Rejects with `storage.unavailable` where they could not be checked, also when aborted. */
export function checkAuditFiles(folder: string, signal: AbortSignal): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  const failed = (why: string): void => reject(new Fault('storage.unavailable', { detail: `the files of the record could not be checked: ${why}` }));
  // Without the environment: it needs none, and must not take itself for a worker of the gateway.
  const child = fork(new URL('./audit-files-check.worker.ts', import.meta.url), [folder], { env: {}, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'], signal, killSignal: 'SIGKILL' });
  child.once('message', (answer: FilesCheckAnswer) => ('problems' in answer ? resolve(answer.problems) : failed(answer.failed)));
  child.once('error', (error) => failed(error.message));
  child.once('exit', (code, killedBy) => failed(`the process ended with ${killedBy ?? `code ${code}`}`));
  return promise;
}
