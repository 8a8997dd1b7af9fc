/**
 * Slows down guesses of passwords: by address, by user and address together, and by user.
 *
 * Whoever fails waits before the next try, each time twice as long. The waits belong to the pair of user and address, so
 * a stranger elsewhere locks nobody out. Guesses at one user from very many addresses share a further allowance, which a
 * browser that signed in as that user before does not need (a device cookie shows it: OWASP, "Slow Down Online Guessing
 * Attacks with Device Cookies"). Nothing is ever locked for good.
 */
import ipaddr from 'ipaddr.js';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';

export interface Attempt {
  readonly address: string;
  /** What was typed, known or not. */
  readonly name: string;
  /** Shows a device cookie of this very user. */
  readonly isKnownDevice: boolean;
}

export interface SignInThrottle {
  /** Throws `limit.rate_exceeded` with the seconds to wait. Counts the attempt, so that many at once are many. */
  begin(attempt: Attempt): void;
  /** Takes back what `begin` counted, and forgets the failures of this user at this address. */
  succeeded(attempt: Attempt): void;
}

interface Allowance {
  /** Attempts before the first wait. */
  readonly free: number;
  readonly firstWaitMs: number;
  readonly waitMsMax: number;
}

/** A person mistypes a few times; a program is down to four tries an hour after ten minutes. */
const PAIR: Allowance = { free: 5, firstWaitMs: 1_000, waitMsMax: 900_000 };
/** Many people may share one address. */
const ADDRESS: Allowance = { free: 30, firstWaitMs: 1_000, waitMsMax: 30_000 };
/** From everywhere together; one try a minute remains for those who are not known. */
const USER: Allowance = { free: 60, firstWaitMs: 1_000, waitMsMax: 60_000 };
const FORGOTTEN_MS = 3_600_000;
const ENTRIES_MAX = 20_000;

interface Entry {
  attempts: number;
  lastMs: number;
}

export function createSignInThrottle(clock: Clock): SignInThrottle {
  const pairs = createCounters(clock, PAIR);
  const addresses = createCounters(clock, ADDRESS);
  const users = createCounters(clock, USER);

  function countersOf({ address, name, isKnownDevice }: Attempt): [ReturnType<typeof createCounters>, string][] {
    const network = networkOf(address);
    const pair: [typeof pairs, string] = [pairs, `${isKnownDevice ? 'device' : network}\n${name}`];
    return isKnownDevice ? [pair] : [pair, [addresses, network], [users, name]];
  }

  return {
    begin(attempt) {
      const counters = countersOf(attempt);
      const waitMs = Math.max(...counters.map(([all, key]) => all.waitMs(key)));
      if (waitMs > 0) throw new Fault('limit.rate_exceeded', { reason: 'sign_in_failures', retryAfterSeconds: Math.ceil(waitMs / 1_000) });
      for (const [all, key] of counters) all.count(key);
    },
    succeeded(attempt) {
      const [pair, ...shared] = countersOf(attempt);
      pair?.[0].forget(pair[1]);
      for (const [all, key] of shared) all.takeBack(key);
    },
  };
}

function createCounters(clock: Clock, { free, firstWaitMs, waitMsMax }: Allowance) {
  // In the order of the last attempt: an entry is put back at the end each time.
  const entries = new Map<string, Entry>();

  function find(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined || clock.monotonicMs() - entry.lastMs < FORGOTTEN_MS) return entry;
    entries.delete(key);
    return undefined;
  }

  return {
    waitMs(key: string): number {
      const entry = find(key);
      if (entry === undefined || entry.attempts < free) return 0;
      const waitMs = Math.min(waitMsMax, firstWaitMs * 2 ** (entry.attempts - free));
      return Math.max(0, entry.lastMs + waitMs - clock.monotonicMs());
    },
    count(key: string): void {
      const attempts = (find(key)?.attempts ?? 0) + 1;
      entries.delete(key);
      entries.set(key, { attempts, lastMs: clock.monotonicMs() });
      const oldest = entries.keys().next().value;
      if (entries.size > ENTRIES_MAX && oldest !== undefined) entries.delete(oldest);
    },
    takeBack(key: string): void {
      const entry = find(key);
      if (entry !== undefined) entry.attempts = Math.max(0, entry.attempts - 1);
    },
    forget(key: string): void {
      entries.delete(key);
    },
  };
}

/** One subscriber has a whole /64 of IPv6. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : `${parsed.toByteArray().slice(0, 8).join('.')}/64`;
}
