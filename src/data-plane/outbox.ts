/**
 * Answers on their way to the sockets. With many exchanges under way those that are finished in one turn of the event
 * loop leave together; with few, each leaves at once, because nothing would be saved.
 */
import type { ServerResponse } from 'node:http';
import { EndOfTurn } from '../base/end-of-turn.ts';

/** Exchanges under way from which on answers are gathered. */
const GATHERING_FROM = 4;

export class Outbox {
  #underWay = 0;
  readonly #ready = new EndOfTurn<{ readonly http: ServerResponse; readonly body: string | Buffer; readonly encoding: BufferEncoding }>((ready) => {
    for (const { http, body, encoding } of ready) http.end(body, encoding);
  });

  /** An exchange begins whose answer may leave here. */
  begin(): void {
    this.#underWay++;
  }

  /** That exchange is over, or its answer is a stream. */
  leave(): void {
    this.#underWay--;
  }

  /** Ends the response, whose head is set, with that body. `encoding`: of a text; `latin1` is the quicker one for pure ASCII. */
  end(http: ServerResponse, body: string | Buffer, encoding: BufferEncoding): void {
    if (this.#underWay < GATHERING_FROM) http.end(body, encoding);
    else this.#ready.add({ http, body, encoding });
  }
}
