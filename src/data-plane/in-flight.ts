/** What a session has under way. */
import type { RequestId } from '../protocol/messages.ts';

/** Something of the session that the client may cancel by its request id. */
export interface InFlight {
  cancel(reason: string): void;
  /** A message for the client over the request's own stream. False where it has none. */
  send(message: string): boolean;
}

/** A session has few requests under way at a time; a Map of what comes and goes costs more (see base/recent-table.ts). */
export class InFlightList {
  readonly #ids: RequestId[] = [];
  readonly #calls: InFlight[] = [];

  get size(): number {
    return this.#ids.length;
  }

  add(id: RequestId, call: InFlight): void {
    this.#ids.push(id);
    this.#calls.push(call);
  }

  find(id: RequestId): InFlight | undefined {
    return this.#calls[this.#ids.indexOf(id)];
  }

  remove(call: InFlight): void {
    const index = this.#calls.indexOf(call);
    if (index < 0) return;
    this.#ids.splice(index, 1);
    this.#calls.splice(index, 1);
  }

  all(): readonly InFlight[] {
    return [...this.#calls];
  }
}
