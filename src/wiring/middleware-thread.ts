/**
 * A middleware module in a thread of its own: one hook at a time, and a hook that computes longer than it may is ended
 * with its thread. Where the thread ends, whatever the reason, the hook that ran in it has failed, and the next one
 * gets a new thread.
 */
import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { AskThread } from '../middleware/local-module.ts';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './middleware-thread.worker.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonValue } from '../protocol/messages.ts';

/** A thread that has not loaded its module by then will not. */
const START_MS = 10_000;
const WAITING_MAX = 1_000;
/** Memory of a thread; above it the thread ends, not the process. */
const HEAP_MIB_MAX = 128;

interface Asked {
  readonly request: ThreadRequest;
  readonly timeoutMs: number;
  readonly settled: PromiseWithResolvers<JsonValue>;
}

/** `module`: its file URL. */
export function createMiddlewareThread(module: string, clock: Clock): AskThread {
  const thread = new MiddlewareThread(module, clock);
  return ({ hook, options, value, call, timeoutMs }) =>
    thread.ask({ request: { hook, options: JSON.stringify(options), value: JSON.stringify(value), call: JSON.stringify(call) }, timeoutMs, settled: Promise.withResolvers() });
}

class MiddlewareThread {
  readonly #module: string;
  readonly #clock: Clock;
  readonly #waiting: Asked[] = [];
  #worker: Worker | undefined;
  #isReady = false;
  #running: Asked | undefined;
  #stopTimer: CancelTimer = () => undefined;

  constructor(module: string, clock: Clock) {
    this.#module = module;
    this.#clock = clock;
  }

  ask(asked: Asked): Promise<JsonValue> {
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(new Error(`${WAITING_MAX} calls wait for its thread`));
    this.#waiting.push(asked);
    this.#next();
    return asked.settled.promise;
  }

  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#running !== undefined) return;
    if (this.#worker === undefined) this.#start();
    if (!this.#isReady) return;
    this.#waiting.shift();
    this.#running = next;
    this.#endAfter(next.timeoutMs, `late: above ${next.timeoutMs} ms, its thread was ended`);
    this.#worker?.postMessage(next.request);
  }

  #start(): void {
    const worker = new Worker(new URL('./middleware-thread.worker.ts', import.meta.url), { workerData: { module: this.#module } satisfies ThreadData, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX } });
    this.#worker = worker;
    this.#endAfter(START_MS, 'its thread did not start');
    worker.on('message', (answer: ThreadAnswer) => {
      if (this.#worker === worker) this.#answered(answer);
    });
    worker.on('error', (error) => this.#gone(worker, `its thread ended: ${error instanceof Error ? error.message : String(error)}`));
    worker.on('exit', () => this.#gone(worker, 'its thread ended'));
    // After the listeners, which count as interest: the process may end while the thread idles.
    worker.unref();
  }

  #answered(answer: ThreadAnswer): void {
    this.#stopTimer();
    if ('ready' in answer) this.#isReady = true;
    else {
      const asked = this.#running;
      this.#running = undefined;
      if ('answer' in answer) asked?.settled.resolve(RawObject.fromText(`{"answer":${answer.answer}}`).value['answer'] ?? null);
      else asked?.settled.reject(new Error(answer.problem));
    }
    this.#next();
  }

  #endAfter(timeoutMs: number, problem: string): void {
    const worker = this.#worker;
    this.#stopTimer = this.#clock.after(timeoutMs, () => {
      if (worker !== undefined) this.#gone(worker, problem);
    });
  }

  /** Who ran in it has failed; where nobody did, it could not even begin, and the first that waits is told. */
  #gone(worker: Worker, problem: string): void {
    if (this.#worker !== worker) return;
    this.#stopTimer();
    this.#worker = undefined;
    this.#isReady = false;
    void worker.terminate();
    const failed = this.#running ?? this.#waiting.shift();
    this.#running = undefined;
    failed?.settled.reject(new Error(problem));
    this.#next();
  }
}
