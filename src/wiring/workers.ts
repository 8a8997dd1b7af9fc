/**
 * Several processes on one port (`--workers`): each worker is a whole gateway, and together they are gateways of one instance
 * like any others, on one PostgreSQL. The first process serves nothing: it starts them, and starts anew what ends.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { z } from 'zod';
import { INSTANCE_KEY_FILE } from '../auth/instance-key.ts';
import { newOperatorToken } from '../auth/operator-token.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { RandomBytes } from '../base/ids.ts';
import { configInvalid } from '../model/config-problem.ts';
import type { Settings } from '../model/settings.ts';
import type { Environment } from '../snapshot/values.ts';

const RESTART_MS_MIN = 500;
const RESTART_MS_MAX = 30_000;
/** A worker that ran for longer begins with the shortest rest again. */
const STEADY_MS = 60_000;
/** A worker that does not end by itself is ended after so long. */
const STOP_MS = 30_000;
const STOP = 'stop';

const PlaceSchema = z.object({ number: z.int().min(1), token: z.string(), port: z.int().optional() });
type Place = z.infer<typeof PlaceSchema>;
const ReadySchema = z.object({ port: z.int() });

/** A worker as it knows itself. */
export interface OwnPlace extends Place {
  /** Aborted when the first process wants it to end. A signal would be the second one where a terminal sent its own to all. */
  readonly stopping: AbortSignal;
}

/** In a worker: its place, told by the first process. Undefined where this process is none. */
export function placeOfWorker(): Promise<OwnPlace> | undefined {
  if (!cluster.isWorker) return undefined;
  const { promise, resolve: told, reject } = Promise.withResolvers<OwnPlace>();
  const asked = new AbortController();
  process.on('message', (message) => {
    if (message === STOP) asked.abort();
    else {
      const place = PlaceSchema.safeParse(message);
      if (place.success) told({ ...place.data, stopping: asked.signal });
      else reject(place.error);
    }
  });
  return promise;
}

/** Workers have a data folder and a name each; sessions are found by an address of this machine. */
export function settingsOfWorker(settings: Settings, { number, port = settings.port }: OwnPlace): Settings {
  const { data, metricsPort, replicaName = hostname(), replicaHost = '127.0.0.1', replicaPort = 0 } = settings;
  return {
    ...settings,
    port,
    data: number === 1 ? data : join(data, `worker-${number}`),
    replicaName: `${replicaName} ${number}`,
    replicaHost,
    // A given port is that of the first; the others follow it.
    replicaPort: replicaPort === 0 ? 0 : replicaPort + number - 1,
    ...(metricsPort === undefined ? {} : { metricsPort: metricsPort === 0 ? 0 : metricsPort + number - 1 }),
  };
}

/** Tells the first process, where there is one, that this one serves. */
export function tellReady(url: string): void {
  if (cluster.isWorker) process.send?.({ port: Number(new URL(url).port) } satisfies z.infer<typeof ReadySchema>);
}

/** Lets a worker end; of others it changes nothing. */
export function leaveWorkers(): void {
  cluster.worker?.disconnect();
}

export interface WorkersDeps {
  readonly settings: Pick<Settings, 'workers' | 'databaseUrl' | 'data'>;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly say: (line: string) => void;
}

/**
 * Runs until `stopping` is aborted, and starts a worker anew that ends before. Resolves with the exit code: that of a
 * worker which could not start at all. Throws `config.invalid` without PostgreSQL.
 */
export async function runWorkers(deps: WorkersDeps, stopping: AbortSignal): Promise<number> {
  if (deps.settings.databaseUrl === undefined) throw configInvalid([{ path: '--workers', line: undefined, column: undefined, message: 'several workers need one PostgreSQL: set DATABASE_URL' }]);
  const workers = new Workers(deps, stopping);
  // Also while no worker runs there is something to come back to.
  const { port1: alive } = new MessageChannel();
  alive.ref();
  // The first makes what the others share: the instance key, the tables, the state of a first run.
  const isStarted = (await workers.start(1)) && (await Promise.all(Array.from({ length: deps.settings.workers - 1 }, (_, index) => workers.start(index + 2)))).every(Boolean);
  if (isStarted && !stopping.aborted) await once(stopping, 'abort');
  await workers.stop();
  alive.close();
  return isStarted ? 0 : 1;
}

class Workers {
  readonly #deps: WorkersDeps;
  readonly #stopping: AbortSignal;
  readonly #token: string;
  /** That the first worker got, where any free one was asked for. */
  #port: number | undefined;
  readonly #running = new Set<Worker>();
  #isStopping = false;

  constructor(deps: WorkersDeps, stopping: AbortSignal) {
    this.#deps = deps;
    this.#stopping = stopping;
    this.#token = newOperatorToken(deps.random);
  }

  /** Resolves once it serves, with false where it ended before. `restMs`: before it is started anew. */
  async start(number: number, restMs = RESTART_MS_MIN): Promise<boolean> {
    const { clock } = this.#deps;
    if (this.#isStopping || this.#stopping.aborted) return false;
    const worker = cluster.fork(this.#environmentOf(number));
    const startedMs = clock.monotonicMs();
    this.#running.add(worker);
    worker.send({ number, token: this.#token, port: this.#port } satisfies Place);
    const ended = once(worker, 'exit').then(() => {
      this.#running.delete(worker);
      return false;
    });
    const ready = once(worker, 'message').then(([message]) => {
      this.#port = ReadySchema.parse(message).port;
      return true;
    });
    const isReady = await Promise.race([ready, ended]);
    if (isReady) void ended.then(() => this.#startAnew(number, clock.monotonicMs() - startedMs > STEADY_MS ? RESTART_MS_MIN : restMs));
    return isReady;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(
      [...this.#running].map((worker) => {
        const ended = once(worker, 'exit');
        if (worker.isConnected()) worker.send(STOP);
        const stopTimer = this.#deps.clock.after(STOP_MS, () => worker.process.kill('SIGKILL'));
        return ended.finally(stopTimer);
      }),
    );
  }

  async #startAnew(number: number, restMs: number): Promise<void> {
    for (let nextMs = restMs; !this.#isStopping; nextMs = Math.min(nextMs * 2, RESTART_MS_MAX)) {
      this.#deps.say(`worker ${number} ended; it is started anew in ${nextMs / 1000} s`);
      await sleep(this.#deps.clock, nextMs);
      if (await this.start(number, Math.min(nextMs * 2, RESTART_MS_MAX))) return;
    }
  }

  /** The first has the key in its data folder, where nobody gave one. */
  #environmentOf(number: number): Environment {
    const { environment, settings } = this.#deps;
    const isGiven = [environment['METAMCP_INSTANCE_KEY'], environment['METAMCP_INSTANCE_KEY_FILE']].some((value) => value !== undefined && value !== '');
    return number === 1 || isGiven ? {} : { METAMCP_INSTANCE_KEY_FILE: join(resolve(settings.data), INSTANCE_KEY_FILE) };
  }
}
