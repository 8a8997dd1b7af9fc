/** What a session has under way. */
import type { RequestId } from '../protocol/messages.ts';

/** Something of the session that the client may cancel by its request id. */
export interface InFlight {
  cancel(reason: string): void;
  /** A message for the client over the request's own stream. False where it has none. */
  send(message: string): boolean;
}

interface Entry {
  readonly id: RequestId;
  readonly call: InFlight;
  older: Entry | undefined;
}

/**
 * A session has few requests under way at a time. They are a chain, the newest first: a Map of what comes and goes costs
 * more (see base/recent-table.ts), and so does an array, which gives its memory back whenever it is empty.
 */
export class InFlightList {
  #newest: Entry | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(id: RequestId, call: InFlight): void {
    this.#newest = { id, call, older: this.#newest };
    this.#size++;
  }

  find(id: RequestId): InFlight | undefined {
    for (let entry = this.#newest; entry !== undefined; entry = entry.older) if (entry.id === id) return entry.call;
    return undefined;
  }

  remove(call: InFlight): void {
    let newer: Entry | undefined;
    for (let entry = this.#newest; entry !== undefined; newer = entry, entry = entry.older) {
      if (entry.call !== call) continue;
      if (newer === undefined) this.#newest = entry.older;
      else newer.older = entry.older;
      this.#size--;
      return;
    }
  }

  /** The newest first. */
  all(): readonly InFlight[] {
    const calls: InFlight[] = [];
    for (let entry = this.#newest; entry !== undefined; entry = entry.older) calls.push(entry.call);
    return calls;
  }
}
