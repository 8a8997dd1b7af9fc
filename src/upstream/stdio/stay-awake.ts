import { MessageChannel } from 'node:worker_threads';

/** The clock's timers let the process exit; what waits by them for processes to end must not be cut off by that. */
export async function stayAwake<Result>(work: () => Promise<Result>): Promise<Result> {
  const { port1: wakefulness } = new MessageChannel();
  wakefulness.ref();
  try {
    return await work();
  } finally {
    wakefulness.close();
  }
}
