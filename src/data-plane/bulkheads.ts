/**
 * One server's slowness stays its own: so many calls are under way at it at a time, so many more wait a while, and all
 * others are told at once. Narrower limits are configured (`concurrency`); this one is always there.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { hearLeaving, type Leaving } from './client-leaves.ts';
import type { Admitted } from './exchange.ts';
import { Turns } from './turns.ts';

/** A connection over HTTP refuses its 1,025th request, so calls wait here before. */
const RULE = { max: 1_000, queueMax: 100, waitMs: 10_000 };
const RETRY_AFTER_SECONDS = 1;

export class Bulkheads {
  readonly #turns: Turns;

  constructor(clock: Clock) {
    this.#turns = new Turns(clock);
  }

  /** Rejects with `limit.overloaded` or `request.cancelled`, then nothing was sent; else ends as `go` does. */
  async run(admitted: Admitted, go: () => Promise<Outcome>): Promise<Outcome> {
    const { server } = admitted.target;
    const heard: Leaving[] = [];
    const cancelled = (): Promise<void> => {
      const leaving = hearLeaving(admitted);
      heard.push(leaving);
      return leaving.cancelled;
    };
    const taken = this.#turns.take(server, RULE, { priority: 'interactive', cancelled });
    const noTurn = taken instanceof Promise ? await taken : taken;
    for (const leaving of heard) leaving.done();
    if (noTurn === 'cancelled') throw new Fault('request.cancelled', { effect: 'not_executed', detail: 'while it waited for the server' });
    if (noTurn !== undefined) throw new Fault('limit.overloaded', { server, reason: `server_${noTurn}`, retryAfterSeconds: RETRY_AFTER_SECONDS, detail: `${RULE.max} calls are under way at ${server}, ${RULE.queueMax} wait` });
    try {
      return await go();
    } finally {
      this.#turns.release(server);
    }
  }
}
