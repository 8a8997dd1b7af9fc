/**
 * Requests of the stateless revision (2026-07-28): each is one POST of its own. To cancel one is to close its
 * connection, and nothing outlives the request but what was learnt of the tools' headers.
 */
import { Fault } from '../../base/fault.ts';
import { type Flight, type Outlet, passOn, refusalLine } from './flight.ts';
import { createLearntHeaders } from './learnt-headers.ts';
import { isRecord, type Message } from './message.ts';
import { mirrorHeaders } from './parameter-headers.ts';
import type { Wire, WireAnswer } from './wire.ts';

const ACCEPT = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const HEADER_MISMATCH = -32020;
const PAGES_MAX = 1000;

export class ModernLeg {
  readonly #wire: Wire;
  readonly #outlet: Outlet;
  readonly #headers;

  constructor(wire: Wire, outlet: Outlet) {
    this.#wire = wire;
    this.#outlet = outlet;
    this.#headers = createLearntHeaders((problem) => outlet.log(problem));
  }

  /** Sends the request and passes its answer on. Throws a Fault where there is none. */
  async request(flight: Flight): Promise<void> {
    const { message } = flight;
    const answer = await this.#post(message, flight.abort.signal);
    if (answer.status !== 200) return await this.#refuse(answer, flight);
    const edit = message.method === 'tools/list' ? { edit: (list: Message) => this.#headers.keepValid(list) } : {};
    const passage = await passOn(answer, flight, this.#outlet, edit);
    if (!passage.isAnswered) throw new Fault('upstream.closed', { message: 'The stream from the gateway ended before the answer.' });
  }

  async notify(message: Message, signal: AbortSignal): Promise<void> {
    const answer = await this.#post(message, signal);
    await answer.discard();
    if (answer.status >= 400) this.#outlet.log(`The gateway refused ${message.method} with HTTP ${answer.status}`);
  }

  /**
   * A call that was refused for its headers was not made; the specification asks to read the list and to try again
   * (Streamable HTTP, "Client Behavior"). Every other refusal goes to the client.
   */
  async #refuse(answer: WireAnswer, flight: Flight): Promise<void> {
    const { message, abort } = flight;
    let refusal = await refusalLine(answer, flight.id);
    if (message.method === 'tools/call' && refusal.code === HEADER_MISMATCH && (await this.#learnsMore(message, abort.signal))) {
      const second = await this.#post(message, abort.signal);
      if (second.status === 200) {
        const passage = await passOn(second, flight, this.#outlet);
        if (passage.isAnswered) return;
        throw new Fault('upstream.closed', { message: 'The stream from the gateway ended before the answer.' });
      }
      refusal = await refusalLine(second, flight.id);
    }
    if (!flight.isCancelled) await this.#outlet.write(refusal.line);
  }

  #post(message: Message, signal: AbortSignal): Promise<WireAnswer> {
    const parameters = message.method === 'tools/call' ? this.#headers.of(message.params['name']) : [];
    return this.#wire.send({ method: 'POST', headers: { ...ACCEPT, ...mirrorHeaders(message, parameters) }, body: message.text, signal });
  }

  /** Reads all pages of the tools with the caller's own `_meta`, so that what it may see decides. False when nothing changed for its tool. */
  async #learnsMore(caller: Message, signal: AbortSignal): Promise<boolean> {
    const before = JSON.stringify(this.#headers.of(caller.params['name']));
    const silent: Outlet = { ...this.#outlet, write: () => Promise.resolve() };
    let cursor: unknown;
    for (let page = 0; page < PAGES_MAX; page++) {
      const id = `metamcp-learn-${page}`;
      const params = { _meta: caller.params['_meta'], ...(cursor === undefined ? {} : { cursor }) };
      const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list', params });
      const list: Message = { kind: 'request', id, method: 'tools/list', params, revision: caller.revision, text };
      const edit = (answer: Message): string => {
        cursor = nextCursor(this.#headers.keepValid(answer));
        return answer.text;
      };
      const answer = await this.#post(list, signal);
      const passage = await passOn(answer, { id, message: list, abort: new AbortController(), isCancelled: false }, silent, { edit });
      if (!passage.isAnswered || cursor === undefined) break;
    }
    return before !== JSON.stringify(this.#headers.of(caller.params['name']));
  }
}

function nextCursor(answer: string): unknown {
  const value: unknown = JSON.parse(answer);
  return isRecord(value) && isRecord(value['result']) ? value['result']['nextCursor'] : undefined;
}
