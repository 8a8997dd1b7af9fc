/**
 * The bridge: lines of JSON-RPC on one side, an MCP address on the other.
 *
 * Each request is on its way by itself; none waits for another. What comes back for one request is written in the
 * order it came. Every request gets exactly one answer, unless the client cancelled it: the gateway's, or an error that
 * says why there is none.
 */
import type { Clock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import type { Flight, Outlet } from './flight.ts';
import { LegacyLeg } from './legacy-leg.ts';
import { errorAnswer, type Message, type MessageId, parseMessages } from './message.ts';
import { ModernLeg } from './modern-leg.ts';
import type { Wire } from './wire.ts';

const FLIGHTS_MAX = 1024;

export interface BridgeDeps {
  readonly wire: Wire;
  readonly outlet: Outlet;
  readonly clock: Clock;
}

export class Bridge {
  readonly #outlet: Outlet;
  readonly #clock: Clock;
  readonly #legacy: LegacyLeg;
  readonly #modern: ModernLeg;
  readonly #flights = new Map<MessageId, Flight>();
  readonly #running = new Set<Promise<void>>();
  readonly #oneWay = new AbortController();

  constructor({ wire, outlet, clock }: BridgeDeps) {
    this.#outlet = outlet;
    this.#clock = clock;
    this.#modern = new ModernLeg(wire, outlet);
    this.#legacy = new LegacyLeg({ wire, outlet, clock, failOthers: (but, fault) => this.#failAll(fault, but) });
  }

  /** Takes one line of the client. Resolves at once, but for errors about the line itself, which wait for room to write. */
  async receive(line: string): Promise<void> {
    let messages: readonly Message[];
    try {
      messages = parseMessages(line);
    } catch (error) {
      return await this.#outlet.write(errorAnswer(null, toFault(error)));
    }
    for (const message of messages) {
      if (message.kind === 'request') await this.#startFlight(message);
      else this.#track(this.#sendOneWay(message));
    }
  }

  /** Waits until every request but the never-ending ones is answered, `deadlineMs` at most. */
  async drain(deadlineMs: number): Promise<void> {
    const isListening = (flight: Flight): boolean => flight.message.method === 'subscriptions/listen';
    for (const flight of this.#flights.values()) if (isListening(flight)) cancel(flight);
    let isLate = false;
    const stop = this.#clock.after(deadlineMs, () => {
      isLate = true;
      this.#oneWay.abort();
      this.#failAll(stopped());
    });
    while (this.#running.size > 0 && !isLate) await Promise.race([...this.#running]);
    stop();
  }

  /** Ends what is open: every request still waiting is answered with a fault, the session is closed. */
  async close(deadlineMs: number): Promise<void> {
    this.#failAll(stopped());
    const timeout = new AbortController();
    const stop = this.#clock.after(deadlineMs, () => timeout.abort());
    await this.#legacy.close(timeout.signal).catch((error: unknown) => this.#outlet.log(`The session was not closed: ${String(error)}`));
    this.#oneWay.abort();
    stop();
    await Promise.allSettled(this.#running);
  }

  async #startFlight(message: Message): Promise<void> {
    const id = message.id as MessageId;
    if (this.#flights.has(id))
      return await this.#outlet.write(errorAnswer(id, new Fault('request.invalid', { message: 'A request with this id is still waiting for its answer.' })));
    if (this.#flights.size >= FLIGHTS_MAX) return await this.#outlet.write(errorAnswer(id, new Fault('limit.overloaded')));
    const flight: Flight = { id, message, abort: new AbortController(), isCancelled: false };
    this.#flights.set(id, flight);
    this.#track(this.#fly(flight));
  }

  async #fly(flight: Flight): Promise<void> {
    try {
      await (flight.message.revision === undefined ? this.#legacy : this.#modern).request(flight);
    } catch (error) {
      const reason: unknown = flight.abort.signal.reason;
      const fault =
        reason instanceof Fault
          ? reason
          : error instanceof Fault
            ? error
            : new Fault('upstream.closed', { cause: error, message: 'The connection to the gateway ended before it answered.' });
      if (!flight.isCancelled) await this.#outlet.write(errorAnswer(flight.id, fault));
    } finally {
      this.#flights.delete(flight.id);
    }
  }

  async #sendOneWay(message: Message): Promise<void> {
    const cancelled = message.method === 'notifications/cancelled' ? this.#flights.get(message.params['requestId'] as MessageId) : undefined;
    if (cancelled?.message.revision !== undefined) return cancel(cancelled);
    if (message.revision !== undefined) {
      return await this.#modern
        .notify(message, this.#oneWay.signal)
        .catch((error: unknown) => this.#outlet.log(`${message.method} was not delivered: ${String(error)}`));
    }
    if (cancelled) cancelled.isCancelled = true;
    await this.#legacy.notify(message, this.#oneWay.signal);
    // In a session, a closed connection does not cancel: the notification has to arrive first.
    if (cancelled) cancel(cancelled);
  }

  #failAll(fault: Fault, but?: Flight): void {
    for (const flight of this.#flights.values()) if (flight !== but) flight.abort.abort(fault);
  }

  #track(work: Promise<void>): void {
    const settled: Promise<void> = work
      .catch((error: unknown) => this.#outlet.log(`Bug in the bridge: ${String(error)}`))
      .finally(() => this.#running.delete(settled));
    this.#running.add(settled);
  }
}

function cancel(flight: Flight): void {
  flight.isCancelled = true;
  flight.abort.abort(new Fault('request.cancelled'));
}

function stopped(): Fault {
  return new Fault('gateway.stopping', { message: 'The bridge was stopped before the answer arrived.', effect: 'unknown' });
}
