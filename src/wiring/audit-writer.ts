/** The thread that writes the record, as the store sees it. It begins at once, beside the start of the gateway; where it ends, it begins again with the next write. */
import { Worker } from 'node:worker_threads';
import { checkAuditFiles } from './audit-files-check.ts';
import type { WriterAnswer, WriterData, WriterRequest } from './audit-writer.worker.ts';
import { Fault } from '../base/fault.ts';
import type { WriterPort } from '../storage/audit-sqlite.ts';

type Request = WriterRequest extends infer One ? (One extends { readonly id: number } ? Omit<One, 'id'> : never) : never;

export function createWriterThread(data: WriterData): WriterPort {
  let worker: Worker | undefined;
  let count = 0;
  const waiting = new Map<number, PromiseWithResolvers<void>>();

  const start = (): Worker => {
    const started = new Worker(new URL('./audit-writer.worker.ts', import.meta.url), { workerData: data });
    // The process may end while it idles; `close` is what waits for it.
    started.unref();
    started.on('message', (answer: WriterAnswer) => {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (waiting.size === 0) started.unref();
      if ('message' in answer) asked?.reject(new Fault('storage.unavailable', { detail: `${answer.code} ${answer.message}`.trim() }));
      else asked?.resolve();
    });
    const gone = (problem: string): void => {
      if (worker === started) worker = undefined;
      for (const asked of waiting.values()) asked.reject(new Fault('storage.unavailable', { detail: problem }));
      waiting.clear();
    };
    started.on('error', (error) => gone(error instanceof Error ? error.message : String(error)));
    started.on('exit', () => gone('the thread that writes the record ended'));
    return started;
  };

  const ask = (request: Request): Promise<void> => {
    worker ??= start();
    const id = ++count;
    const asked = Promise.withResolvers<void>();
    waiting.set(id, asked);
    // While something is being written, the process stays.
    worker.ref();
    worker.postMessage({ id, ...request }, request.do === 'append' ? request.packs.map(({ buffer }) => buffer) : []);
    return asked.promise;
  };

  const closing = new AbortController();
  /** One after the other, and nothing is deleted meanwhile: a file that goes while it is read looks like damage. */
  let checking: Promise<unknown> = Promise.resolve();
  const afterChecks = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = checking.then(work);
    checking = done.catch(() => undefined);
    return done;
  };

  worker = start();
  return {
    // Copies of the used parts: cloning would take whole blocks along.
    append: async (packs) => ask({ do: 'append', packs: packs.map(({ bytes }) => new Uint8Array(bytes)) }),
    settle: async () => ask({ do: 'settle' }),
    retain: (options) => afterChecks(() => ask({ do: 'retain', options })),
    damage: () =>
      afterChecks(async () => {
        await ask({ do: 'settle' });
        return checkAuditFiles(data.folder, closing.signal);
      }),
    close: async () => {
      closing.abort();
      await checking;
      if (worker === undefined) return;
      const ended = worker;
      await ask({ do: 'close' });
      worker = undefined;
      await ended.terminate();
    },
  };
}
