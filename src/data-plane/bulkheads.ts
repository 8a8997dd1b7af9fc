/**
 * One server's slowness stays its own: so many calls are under way at it at a time, so many more wait a while, and all
 * others are told at once. Narrower limits are configured (`concurrency`); this one is always there.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { hearLeaving, type Leaving } from './client-leaves.ts';
import type { Admitted } from './exchange.ts';
import { type NoTurn, Turns } from './turns.ts';

/** A connection over HTTP refuses its 1,025th request, so calls wait here before. */
const RULE = { max: 1_000, queueMax: 100, waitMs: 10_000 };
const RETRY_AFTER_SECONDS = 1;

export class Bulkheads {
  readonly #turns: Turns;

  constructor(clock: Clock) {
    this.#turns = new Turns(clock);
  }

  /** Undefined: the call may go, and `leave` must follow. Else a promise of it that rejects with `limit.overloaded` or `request.cancelled`: then nothing was sent, and nothing follows. */
  enter(admitted: Admitted): undefined | Promise<undefined> {
    const { server } = admitted.target;
    let heard: Leaving | undefined;
    const cancelled = (): Promise<void> => (heard = hearLeaving(admitted)).cancelled;
    const taken = this.#turns.take(server, RULE, { priority: 'interactive', cancelled });
    if (!(taken instanceof Promise)) return refuse(server, taken);
    return taken.then((noTurn) => {
      heard?.done();
      return refuse(server, noTurn);
    });
  }

  leave({ target }: Admitted): void {
    this.#turns.release(target.server);
  }
}

function refuse(server: string, noTurn: NoTurn | undefined): undefined {
  if (noTurn === undefined) return undefined;
  if (noTurn === 'cancelled') throw new Fault('request.cancelled', { effect: 'not_executed', detail: 'while it waited for the server' });
  throw new Fault('limit.overloaded', { server, reason: `server_${noTurn}`, retryAfterSeconds: RETRY_AFTER_SECONDS, detail: `${RULE.max} calls are under way at ${server}, ${RULE.queueMax} wait` });
}
