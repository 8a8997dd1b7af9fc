/**
 * What only reads may be sent to a server again when its answer got lost. Nothing else ever is: whether a tool ran
 * cannot be known once a byte may have arrived. Lists are the gateway's own and are read again where they are kept.
 */
import { type Clock, sleep } from '../base/clock.ts';
import { toFault } from '../base/fault.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Upstreams } from '../upstream/upstreams.ts';

const READS: ReadonlySet<string> = new Set(['resources/read', 'completion/complete']);
/** The server is known to be away, or has said no: to ask again at once does not help. */
const HOPELESS: ReadonlySet<string | undefined> = new Set(['circuit_open', 'backing_off', 'failed', 'stopped', 'waiting', 'upstream_rate_limited', 'upstream_not_found', 'upstream_busy']);

export interface Reading {
  readonly server: string;
  /** All attempts together end by then, on the monotonic clock. */
  readonly deadlineMs: number;
}

/** Whether a request of this method only reads. */
export function isRead(method: string): boolean {
  return READS.has(method);
}

/** `attempt` is made once, and up to twice more within the deadline and the server's budget. Rejects with what the last one throws. */
export async function readAgain(reading: Reading, attempt: () => Promise<Outcome>, { clock, upstreams }: { readonly clock: Clock; readonly upstreams: Pick<Upstreams, 'retryDelayMs'> }): Promise<Outcome> {
  upstreams.retryDelayMs?.(reading.server, 0);
  for (let count = 1; ; count++) {
    const outcome = await attempt().catch((thrown: unknown): Outcome => ({ kind: 'fault', fault: toFault(thrown) }));
    if (outcome.kind !== 'fault' || !isLost(outcome)) return outcome;
    const delayMs = upstreams.retryDelayMs?.(reading.server, count);
    if (delayMs === undefined || clock.monotonicMs() + delayMs >= reading.deadlineMs) return outcome;
    await sleep(clock, delayMs);
  }
}

function isLost({ fault: { code, reason } }: Extract<Outcome, { kind: 'fault' }>): boolean {
  return (code === 'upstream.closed' || code === 'upstream.unavailable') && !HOPELESS.has(reason);
}
