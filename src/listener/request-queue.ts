/**
 * Requests that were read and have not begun. One turn of the event loop reads what came over all connections; if all
 * of it began at once, hundreds of requests would be half done at a time, each with kilobytes of state that every
 * collection of garbage copies (measured with 900 clients: a fifth of all processor time). So with many under way only
 * a few begin in a turn, in the order in which they came, and between turns those before them go on.
 */
import type { Clock } from '../base/clock.ts';

export interface QueuedRequest {
  /** Memory that it holds while it waits. */
  readonly waitingBytes: number;
  /** Whoever has gone meanwhile calls `leave` and does nothing. `waitedMs`: 0 where it did not have to. */
  begin(waitedMs: number): void;
}

/** With fewer under way each begins at once. */
const PACED_FROM = 32;
const TURN_MAX = 16;
/** What would wait beyond begins, and is refused where the bodies of all requests are too much. */
const WAITING_BYTES_MAX = 32 << 20;
/** The part of the queue that is over is let go of when it is so long. */
const OVER_MAX = 1_024;

export class RequestQueue {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #schedule: (run: () => void) => void;
  #underWay = 0;
  #begunInTurn = 0;
  #isTurnComing = false;
  #waiting: { readonly request: QueuedRequest; readonly bytes: number; readonly sinceMs: number }[] = [];
  /** Of `#waiting`: those before have begun. */
  #first = 0;
  #waitingBytes = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, schedule: (run: () => void) => void = setImmediate) {
    this.#clock = clock;
    this.#schedule = schedule;
  }

  /** Of those that wait. */
  get count(): number {
    return this.#waiting.length - this.#first;
  }

  /** How long the one that waits longest has waited. */
  get waitedMs(): number {
    const longest = this.#waiting[this.#first];
    return longest === undefined ? 0 : this.#clock.monotonicMs() - longest.sinceMs;
  }

  /** Begins the request, now or in its turn; `leave` must follow once it is over. */
  enter(request: QueuedRequest): void {
    const isFree = this.#waiting.length === 0;
    if (isFree && this.#underWay < PACED_FROM) {
      this.#begin(request, 0);
      return;
    }
    this.#comeToTurn();
    const bytes = request.waitingBytes;
    if ((isFree && this.#begunInTurn < TURN_MAX) || this.#waitingBytes + bytes > WAITING_BYTES_MAX) {
      this.#begin(request, 0);
      return;
    }
    this.#waitingBytes += bytes;
    this.#waiting.push({ request, bytes, sinceMs: this.#clock.monotonicMs() });
  }

  leave(): void {
    this.#underWay--;
  }

  #begin(request: QueuedRequest, waitedMs: number): void {
    this.#underWay++;
    this.#begunInTurn++;
    request.begin(waitedMs);
  }

  #comeToTurn(): void {
    if (this.#isTurnComing) return;
    this.#isTurnComing = true;
    this.#schedule(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isTurnComing = false;
    this.#begunInTurn = 0;
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#waiting[this.#first]; next !== undefined && this.#begunInTurn < TURN_MAX; next = this.#waiting[this.#first]) {
      this.#first++;
      // What it was counted with: who has left holds nothing any more.
      this.#waitingBytes -= next.bytes;
      this.#begin(next.request, nowMs - next.sinceMs);
    }
    if (this.#first === this.#waiting.length || this.#first >= OVER_MAX) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    if (this.#waiting.length > 0) this.#comeToTurn();
  };
}
