/**
 * Slows down whoever shows credentials that are not valid, by address.
 *
 * A valid credential always passes: ours have 256 bits or more, so what is held down is load and log, not luck, and
 * a stranger behind the same address can lock nobody out.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';

export interface FailureThrottleOptions {
  readonly clock: Clock;
  /** Failures in a row before the first refusal. */
  readonly failuresMax: number;
  /** Time until one more failure is free, milliseconds. */
  readonly refillMs: number;
  /** Addresses remembered; the longest silent is forgotten first. */
  readonly addressesMax: number;
}

export const FAILURE_THROTTLE = { failuresMax: 10, refillMs: 3_000, addressesMax: 10_000 } as const;

export interface FailureThrottle {
  /** Call after a credential was refused: returns while failures are free, then throws `limit.rate_exceeded`. */
  failed(address: string): void;
}

interface Bucket {
  left: number;
  atMs: number;
}

export function createFailureThrottle(options: FailureThrottleOptions): FailureThrottle {
  const { clock, failuresMax, refillMs, addressesMax } = options;
  // In order of the last failure: an address is put back at the end each time.
  const buckets = new Map<string, Bucket>();

  return {
    failed(address) {
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(address) ?? { left: failuresMax, atMs: nowMs };
      bucket.left = Math.min(failuresMax, bucket.left + (nowMs - bucket.atMs) / refillMs);
      bucket.atMs = nowMs;
      buckets.delete(address);
      buckets.set(address, bucket);
      const oldest = buckets.keys().next().value;
      if (buckets.size > addressesMax && oldest !== undefined) buckets.delete(oldest);
      if (bucket.left < 1) {
        const retryAfterSeconds = Math.ceil(((1 - bucket.left) * refillMs) / 1_000);
        throw new Fault('limit.rate_exceeded', { reason: 'credential_failures', retryAfterSeconds });
      }
      bucket.left -= 1;
    },
  };
}
