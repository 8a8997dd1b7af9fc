/** Hears of it where a client gives up a request that waits for something before it is dispatched. */
import type { Resolved } from './exchange.ts';
import type { InFlight } from './in-flight.ts';

export interface Leaving {
  readonly cancelled: Promise<void>;
  /** No longer waited for. */
  readonly done: () => void;
}

/** By request id in a session, by closing the response otherwise. */
export function hearLeaving({ client, id, reply }: Pick<Resolved, 'client' | 'id' | 'reply'>): Leaving {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const waiting: InFlight = { cancel: () => resolve(), send: (message) => reply.send(message) };
  if (client.session === undefined) {
    reply.onGone = resolve;
    if (reply.isGone) resolve();
  } else client.session.inFlight.add(id, waiting);
  return { cancelled, done: () => client.session?.inFlight.remove(waiting) };
}
