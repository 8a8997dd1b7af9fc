/**
 * Whether this gateway sees what is stored, where others on the same PostgreSQL may change it, keys above all. One that
 * has not seen it for a while knows of no revocation any more, so it takes no requests then.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';

const EVERY_MS = 1_000;

export interface StoreWatch {
  /** What is stored was not seen for so long that known credentials must not be trusted. */
  readonly isBlind: () => boolean;
  readonly stop: () => void;
}

export interface StoreWatchDeps {
  /** Asks the store, and takes over what changed; rejects where it does not answer. */
  readonly look: () => Promise<void>;
  readonly clock: Clock;
  /** So long known credentials open endpoints without the database. */
  readonly patienceMs: number;
  /** Hears once of each run of failures, and of its end. */
  readonly report: (problem: string) => void;
}

export function watchStore({ look, clock, patienceMs, report }: StoreWatchDeps): StoreWatch {
  let seenMs = clock.monotonicMs();
  let hasFailed = false;
  let isStopped = false;
  let stopTimer: CancelTimer = () => undefined;
  const again = async (): Promise<void> => {
    const beganMs = clock.monotonicMs();
    try {
      await look();
      seenMs = beganMs;
      if (hasFailed) report('what is stored can be read again');
      hasFailed = false;
    } catch (thrown) {
      if (!hasFailed) report(`what is stored cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      hasFailed = true;
    }
    next();
  };
  const next = (): void => {
    if (!isStopped) stopTimer = clock.after(EVERY_MS, () => void again());
  };
  next();
  return {
    isBlind: () => clock.monotonicMs() - seenMs > patienceMs,
    stop: () => {
      isStopped = true;
      stopTimer();
    },
  };
}
