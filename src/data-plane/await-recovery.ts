/**
 * Where the operator says so (`waitForRecovery`), a request that may be made twice without harm waits for a server that
 * is away until the request's own deadline, in place of being refused at once. Nothing was sent by then.
 */
import { type Clock, sleep } from '../base/clock.ts';
import { type Fault, toFault } from '../base/fault.ts';
import { isObject } from '../protocol/messages.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Admitted } from './exchange.ts';
import { isRead } from './read-again.ts';
import { isTrusted } from './trusted-tools.ts';

/** Reasons that pass by themselves: the breaker rests, the server is being started anew, or has failed and is tried again. */
const PASSING: ReadonlySet<string | undefined> = new Set(['circuit_open', 'backing_off', 'failed']);
const LOOK_EVERY_MS = 100;

export interface Recovery {
  readonly clock: Clock;
  /** Throws where the client wants no more of it. */
  readonly throwIfCancelled: () => void;
}

/** `acquire` again and again, as long as its server is away for a while only and time is left. Rejects with what the last one throws. */
export async function awaitRecovery(acquire: () => Promise<Upstream>, deadlineMs: number, { clock, throwIfCancelled }: Recovery): Promise<Upstream> {
  for (;;) {
    try {
      return await acquire();
    } catch (thrown) {
      const fault = toFault(thrown);
      if (!isPassing(fault) || clock.monotonicMs() + LOOK_EVERY_MS >= deadlineMs) throw fault;
    }
    await sleep(clock, LOOK_EVERY_MS);
    throwIfCancelled();
  }
}

/** Reads, and tools that are believed to change nothing, or nothing more the second time. */
export function mayWait(admitted: Admitted): boolean {
  const { method, snapshot, target } = admitted;
  if (snapshot.servers.get(target.server)?.waitsForRecovery !== true) return false;
  if (isRead(method) || method === 'prompts/get') return true;
  const annotations = target.entry?.definition['annotations'];
  return method === 'tools/call' && isObject(annotations) && (annotations['idempotentHint'] === true || annotations['readOnlyHint'] === true) && isTrusted(target.entry, admitted);
}

function isPassing({ code, reason }: Fault): boolean {
  return code === 'upstream.unavailable' && PASSING.has(reason);
}
