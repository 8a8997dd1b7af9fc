/**
 * Time as an argument: everything that waits or measures takes a `Clock`, so that a test can move it.
 * This file is the only one that reads the machine's time; lint forbids it elsewhere.
 */

/** Undoes a scheduled call; harmless when it already ran. */
export type CancelTimer = () => void;

export interface Clock {
  /** Wall clock, milliseconds since 1970. For dates shown or stored, and for expiry of tokens. */
  nowMs(): number;
  /** Monotonic, milliseconds. For durations and deadlines: the wall clock may jump. */
  monotonicMs(): number;
  /** Runs `run` once after `delayMs` (clamped to 2^31-1: Node fires longer timers at once). Does not keep the process alive. */
  after(delayMs: number, run: () => void): CancelTimer;
}

/** The longest delay of a timer, milliseconds. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), TIMER_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs` of the clock. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/**
 * Keeps the process alive until undone, for `limitMs` at most. The clock's timers do not, and a process that waits for one of
 * them alone ends in the midst of it (exit code 13).
 */
export function keepAlive(limitMs: number): CancelTimer {
  const timer = setTimeout(() => undefined, limitMs);
  return () => clearTimeout(timer);
}

/** Wall clock milliseconds as RFC 3339 text in UTC. */
export function toIso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
