/**
 * Several gateways on one PostgreSQL: what one of them changes, keys above all, the others take over within two seconds.
 * A gateway that has not seen the database for a while knows of no revocation any more, so it takes no requests then.
 */
import type { CancelTimer, Clock } from './base/clock.ts';
import type { Publisher } from './control-plane/publish.ts';

const EVERY_MS = 1_000;

export interface ReplicaWatch {
  /** What is stored was not seen for so long that known credentials must not be trusted. */
  readonly isBlind: () => boolean;
  readonly stop: () => void;
}

export interface ReplicaWatchDeps {
  readonly publisher: Pick<Publisher, 'refresh'>;
  readonly clock: Clock;
  /** So long known credentials open endpoints without the database. */
  readonly patienceMs: number;
  /** Hears once of each run of failures, and of its end. */
  readonly report: (problem: string) => void;
}

export function watchReplicas({ publisher, clock, patienceMs, report }: ReplicaWatchDeps): ReplicaWatch {
  let seenMs = clock.monotonicMs();
  let hasFailed = false;
  let isStopped = false;
  let stopTimer: CancelTimer = () => undefined;
  const look = async (): Promise<void> => {
    const beganMs = clock.monotonicMs();
    try {
      await publisher.refresh();
      seenMs = beganMs;
      if (hasFailed) report('what is stored can be read again');
      hasFailed = false;
    } catch (thrown) {
      if (!hasFailed) report(`what other gateways changed cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      hasFailed = true;
    }
    next();
  };
  const next = (): void => {
    if (!isStopped) stopTimer = clock.after(EVERY_MS, () => void look());
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
