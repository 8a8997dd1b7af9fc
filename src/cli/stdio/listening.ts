/** The GET stream of a session (Streamable HTTP up to 2025-11-25): kept open, taken up again where it broke. */
import { type Clock, sleep } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Outlet } from './flight.ts';
import { parseMessages } from './message.ts';
import type { WireAnswer } from './wire.ts';

const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 30_000;

export interface Listening {
  readonly send: (headers: Readonly<Record<string, string>>) => Promise<WireAnswer>;
  /** Asks for a new session, which listens anew by itself. */
  readonly renew: () => Promise<void>;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Passes on what arrives until `signal` is aborted or the server has no such stream. Never rejects. */
export async function keepListening(listening: Listening): Promise<void> {
  const { outlet, clock, signal } = listening;
  const state = { lastEventId: undefined as string | undefined, retryMs: RETRY_MIN_MS };
  let hasOpened = false;
  let isBroken = false;
  let delayMs = RETRY_MIN_MS;
  while (!signal.aborted) {
    try {
      const answer = await listening.send(state.lastEventId === undefined ? {} : { 'last-event-id': state.lastEventId });
      // 404 is also said by servers that have no such stream; only a stream that was there can lose its session.
      if (answer.status === 404 && hasOpened) {
        await answer.discard();
        return await listening.renew();
      }
      if (answer.status >= 400 && answer.status < 500) return await answer.discard();
      if (answer.status === 200) {
        hasOpened = true;
        isBroken = false;
        delayMs = state.retryMs;
        await passAll(answer, outlet, state);
        delayMs = state.retryMs;
      } else await answer.discard();
    } catch (error) {
      if (signal.aborted) return;
      if (!isBroken) outlet.log(`The stream of server messages broke: ${error instanceof Fault ? error.message : String(error)}`);
      isBroken = true;
    }
    await sleep(clock, delayMs);
    delayMs = Math.min(delayMs * 2, RETRY_MAX_MS);
  }
}

async function passAll(answer: WireAnswer, outlet: Outlet, state: { lastEventId: string | undefined; retryMs: number }): Promise<void> {
  const onRetryMs = (delayMs: number): void => {
    state.retryMs = Math.min(delayMs, RETRY_MAX_MS);
  };
  for await (const event of answer.events(onRetryMs)) {
    state.lastEventId = event.id ?? state.lastEventId;
    if (event.data.trim() === '') continue;
    for (const message of parseMessages(event.data)) await outlet.write(message.text);
  }
}
