/**
 * Who gets a notification that names something which was given to one session earlier: a visit of the user to an
 * address (`notifications/elicitation/complete`), a task (`notifications/tasks/status`). Without it such a notice would
 * have to go to everybody or to nobody.
 */
import type { Session } from './session.ts';

export type DeliveryKind = 'elicitation' | 'task';

/** Older ones are forgotten: their notices are optional, and clients ask by themselves. */
const REMEMBERED_MAX = 10_000;

export class Deliveries {
  readonly #sessions = new Map<string, Session>();

  remember(kind: DeliveryKind, server: string, id: string, session: Session): void {
    const key = keyOf(kind, server, id);
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > REMEMBERED_MAX && oldest !== undefined) this.#sessions.delete(oldest);
  }

  find(kind: DeliveryKind, server: string, id: unknown): Session | undefined {
    const session = typeof id === 'string' ? this.#sessions.get(keyOf(kind, server, id)) : undefined;
    return session?.isEnded === true ? undefined : session;
  }
}

function keyOf(kind: DeliveryKind, server: string, id: string): string {
  return [kind, server, id].join('\n');
}
