/**
 * The gateway's side of the orphan watcher: one small process in its own session that ends our servers when the
 * gateway dies without doing so. See `orphan-watcher.sh` for what it can find on which system.
 *
 * Windows has neither process groups nor a shell of this kind: there is no watcher, and only `close` ends servers
 * (`taskkill /T`); after a killed gateway they end when they notice that their stdin is closed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';

const SCRIPT = path.join(import.meta.dirname, 'orphan-watcher.sh');
/** A watcher that ends sooner is not started again before the next server is. */
const SOUND_LIFE_MS = 1000;
/** For the watcher's own end: it gives what it still knows 2 s between SIGTERM and SIGKILL. */
const CLOSE_MS = 5000;

export interface OrphanWatcherOptions {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** Told when servers are without protection: the watcher could not start or ended. For the log. */
  readonly onProblem: (detail: string) => void;
}

export class OrphanWatcher {
  readonly #options: OrphanWatcherOptions;
  readonly #groups = new Set<number>();
  #process: ChildProcess | undefined;
  #isClosed = false;

  constructor(options: OrphanWatcherOptions) {
    this.#options = options;
  }

  /** The watcher's own process, once a server was started. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** From now on the group that this process leads ends with the gateway. Call right after it was started. */
  add(groupId: number): void {
    if (this.#options.platform === 'win32' || this.#isClosed) return;
    this.#groups.add(groupId);
    if (this.#process === undefined) this.#start();
    else this.#tell(`+ ${groupId}\n`);
  }

  /** The group is empty: its number may soon be someone else's. */
  remove(groupId: number): void {
    if (this.#groups.delete(groupId)) this.#tell(`- ${groupId}\n`);
  }

  /**
   * Ends the watcher, which ends what it still knows; resolves when it is gone, after 5 s at the latest. Call last,
   * after all links are closed.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#process;
    if (child === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        stopTimer();
        // One that is stuck must not keep the gateway.
        child.unref();
        resolve();
      };
      const stopTimer = this.#options.clock.after(CLOSE_MS, done);
      child.once('exit', done);
      child.once('error', done);
      // The clock's timers let the gateway exit, and so did the watcher by now.
      child.ref();
      child.stdin?.end();
    });
  }

  #start(): void {
    const startedMs = this.#options.clock.monotonicMs();
    const child = spawn('/bin/sh', [SCRIPT], { detached: true, cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#process = child;
    let isOver = false;
    const over = (why: string): void => {
      if (isOver) return;
      isOver = true;
      if (this.#process === child) this.#process = undefined;
      if (this.#isClosed) return;
      this.#options.onProblem(`orphan watcher: ${why}; servers would outlive a killed gateway until it runs again`);
      if (this.#groups.size > 0 && this.#options.clock.monotonicMs() - startedMs >= SOUND_LIFE_MS) this.#start();
    };
    child.on('error', (error) => over(error.message));
    child.on('exit', (code, signal) => over(`ended with ${signal ?? `code ${code}`}`));
    // An error of the pipe is followed by the exit.
    child.stdin?.on('error', () => undefined);
    // The pipe must not keep a gateway alive that is done.
    child.unref();
    (child.stdin as unknown as { unref?(): void }).unref?.();
    this.#tell([...this.#groups].map((groupId) => `+ ${groupId}\n`).join(''));
  }

  #tell(line: string): void {
    this.#process?.stdin?.write(line);
  }
}
