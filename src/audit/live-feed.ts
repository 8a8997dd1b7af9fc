/** Requests as they end, for who watches. A reader that is too slow misses some, is told how many, and is cut in the end. */
import type { CallRecord } from './audit-record.ts';

export interface Watcher {
  /** Whether this one may see it and wants to. */
  readonly wants: (record: CallRecord) => boolean;
  /** False: not now, it is behind. */
  readonly send: (record: CallRecord) => boolean;
  /** Called once; `isSlow`: it was cut. */
  readonly ended: (isSlow: boolean) => void;
}

/** A reader that missed so many is cut. */
const MISSED_MAX = 10_000;

export class LiveFeed {
  readonly #watchers = new Map<Watcher, { missed: number }>();
  readonly #watchersMax: number;

  constructor(watchersMax: number) {
    this.#watchersMax = watchersMax;
  }

  /** Undefined where there are too many; else the way to stop, which is harmless when done twice. */
  watch(watcher: Watcher): (() => void) | undefined {
    if (this.#watchers.size >= this.#watchersMax) return undefined;
    this.#watchers.set(watcher, { missed: 0 });
    return () => this.#end(watcher, false);
  }

  /** `text`: of a CallRecord. */
  tell(text: string): void {
    if (this.#watchers.size === 0) return;
    const record = JSON.parse(text) as CallRecord;
    for (const [watcher, state] of this.#watchers) {
      if (!watcher.wants(record) || watcher.send(record)) continue;
      state.missed++;
      if (state.missed >= MISSED_MAX) this.#end(watcher, true);
    }
  }

  close(): void {
    for (const watcher of [...this.#watchers.keys()]) this.#end(watcher, false);
  }

  #end(watcher: Watcher, isSlow: boolean): void {
    if (this.#watchers.delete(watcher)) watcher.ended(isSlow);
  }
}
