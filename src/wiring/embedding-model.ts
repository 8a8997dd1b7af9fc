/** An embedding model from a file, in a thread of its own, so that computing holds up nothing. It ends when nobody asked for a while. */
import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { ModelAnswer, ModelData, ModelRequest } from './embedding-model.worker.ts';

/** Optional packages, the faster one first; one of them is enough. */
export const ONNX_RUNTIMES: readonly string[] = ['onnxruntime-node', 'onnxruntime-web'];
/** A model holds half a gigabyte. */
const IDLE_MS = 15 * 60_000;

export interface EmbeddingModel {
  /** A vector for each text. Rejects with `upstream.unavailable`: no runtime, no such file, not such a model. */
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

export function createEmbeddingModel(data: ModelData, clock: Clock): EmbeddingModel {
  let worker: Worker | undefined;
  let stopTimer: CancelTimer | undefined;
  let count = 0;
  const waiting = new Map<number, PromiseWithResolvers<readonly Float32Array[]>>();

  const fail = (detail: string): Fault => new Fault('upstream.unavailable', { detail: `embeddings: ${detail}` });
  const settle = (answer: ModelAnswer): void => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('vectors' in answer) asked?.resolve(answer.vectors);
    else asked?.reject(fail(answer.problem));
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./embedding-model.worker.ts', import.meta.url), { workerData: data });
    started.unref();
    started.on('message', settle);
    const gone = (problem: string): void => {
      if (worker !== started) return;
      worker = undefined;
      for (const id of [...waiting.keys()]) settle({ id, problem });
    };
    started.on('error', (error) => gone(error instanceof Error ? error.message : String(error)));
    started.on('exit', () => gone('the thread of the model ended'));
    return started;
  };
  const close = async (): Promise<void> => {
    stopTimer?.();
    await worker?.terminate();
  };

  return {
    embed: (texts) => {
      worker ??= start();
      const asked = Promise.withResolvers<readonly Float32Array[]>();
      waiting.set(++count, asked);
      worker.postMessage({ id: count, texts } satisfies ModelRequest);
      stopTimer?.();
      stopTimer = clock.after(IDLE_MS, () => void close());
      return asked.promise;
    },
    close,
  };
}
