/**
 * Answers on their way to the sockets. With many exchanges under way those that are finished in one turn of the event
 * loop leave together; with few, each leaves at once, because nothing would be saved.
 */
import type { HttpResponse } from '../base/http.ts';
import type { Clock } from '../base/clock.ts';
import { EndOfTurn } from '../base/end-of-turn.ts';
import { Patience } from '../base/patience.ts';

/** Exchanges under way from which on answers are gathered. */
const GATHERING_FROM = 4;

/** After so long without an answer the response begins as a stream, so that nothing on the way gives up. */
const PATIENCE_MS = 15_000;

export class Outbox {
  /** Of responses that have not begun. */
  readonly patience: Patience;
  #underWay = 0;
  readonly #ready = new EndOfTurn<{ readonly http: HttpResponse; readonly body: string | readonly Buffer[]; readonly encoding: BufferEncoding }>((ready) => {
    for (const { http, body, encoding } of ready) finish(http, body, encoding);
  });

  constructor(clock: Clock) {
    this.patience = new Patience(clock, PATIENCE_MS);
  }

  /** An exchange begins whose answer may leave here. */
  begin(): void {
    this.#underWay++;
  }

  /** That exchange is over, or its answer is a stream. */
  leave(): void {
    this.#underWay--;
  }

  /** Ends the response, whose head is set, with that body. `encoding`: of a text; `latin1` is the quicker one for pure ASCII. */
  end(http: HttpResponse, body: string | readonly Buffer[], encoding: BufferEncoding): void {
    if (this.#underWay < GATHERING_FROM) finish(http, body, encoding);
    else this.#ready.add({ http, body, encoding });
  }
}

/** Pieces leave together, as they are. */
function finish(http: HttpResponse, body: string | readonly Buffer[], encoding: BufferEncoding): void {
  if (typeof body === 'string') {
    http.end(body, encoding);
    return;
  }
  http.cork();
  for (const piece of body) http.write(piece);
  http.end();
  http.uncork();
}
