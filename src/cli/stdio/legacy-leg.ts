/**
 * The session of a client that says `initialize` (up to 2025-11-25): its id, its GET stream, and what to do when the
 * gateway no longer knows it. The client never sees a session end: `initialize` is said again with the same words, and
 * what it had set up in the session (log level, subscriptions) is set up again.
 */
import { type Clock, sleep } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { type Flight, type Outlet, passOn, refusalLine } from './flight.ts';
import { keepListening } from './listening.ts';
import { isRecord, type Message } from './message.ts';
import { createSetup } from './session-setup.ts';
import type { Wire, WireAnswer, WireRequest } from './wire.ts';

const ACCEPT = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const RESUMPTIONS_MAX = 5;
const RETRY_DEFAULT_MS = 1000;
/** How long a request waits for the notifications before it to be taken; then it goes its own way. */
const ORDER_WAIT_MS = 5000;
const RENEWAL_MS_MAX = 30_000;

export interface LegacyLegDeps {
  readonly wire: Wire;
  readonly outlet: Outlet;
  readonly clock: Clock;
  /** Fails every request that waits for an answer of the old session. */
  readonly failOthers: (but: Flight | undefined, fault: Fault) => void;
}

interface Session {
  readonly id: string | undefined;
  readonly revision: string;
  readonly abort: AbortController;
}

export class LegacyLeg {
  readonly #deps: LegacyLegDeps;
  readonly #setup = createSetup();
  #initialize: Message | undefined;
  #session: Session | undefined;
  #renewal: Promise<void> | undefined;
  #notified: Promise<void> = Promise.resolve();
  #unsettled = 0;
  /** Settled while no `initialize` is on its way: what was piped in behind one belongs to its session. */
  #opened: Promise<unknown> = Promise.resolve();

  constructor(deps: LegacyLegDeps) {
    this.#deps = deps;
  }

  /** Sends the request and passes its answer on. Throws a Fault where there is none. */
  async request(flight: Flight): Promise<void> {
    const { message } = flight;
    if (message.method === 'initialize') return await this.#open(flight);
    await this.#opened;
    if (this.#unsettled > 0) await Promise.race([this.#notified, sleep(this.#deps.clock, ORDER_WAIT_MS)]);
    this.#setup.note(message);
    let answer = await this.#post(message.text, flight.abort.signal);
    if (answer.status === 404 && this.#session?.id !== undefined) {
      // A request that meets an unknown session is refused before anything is done with it, so it may be sent again.
      await answer.discard();
      await this.#renew(this.#session, flight);
      answer = await this.#post(message.text, flight.abort.signal);
    }
    await this.#pass(answer, flight);
  }

  /** Notifications and answers of the client, in their order. */
  notify(message: Message, signal: AbortSignal): Promise<void> {
    const sent = Promise.all([this.#opened, this.#notified]).then(() => this.#sendOneWay(message, signal));
    const settled = sent.catch((error: unknown) => this.#deps.outlet.log(`${message.method || 'An answer'} was not delivered: ${String(error)}`));
    if (message.kind !== 'notification') return settled;
    this.#unsettled++;
    this.#notified = settled.finally(() => {
      this.#unsettled--;
    });
    return this.#notified;
  }

  /** Tells the gateway that the session is over. */
  async close(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    session?.abort.abort();
    if (session?.id === undefined) return;
    const answer = await this.#send({ method: 'DELETE', headers: sessionHeaders(session), signal });
    await answer.discard();
  }

  async #open(flight: Flight): Promise<void> {
    const previous = this.#session;
    previous?.abort.abort();
    this.#session = undefined;
    this.#initialize = flight.message;
    const opened = Promise.withResolvers<void>();
    this.#opened = opened.promise;
    try {
      await this.#handshake(flight);
    } finally {
      opened.resolve();
    }
  }

  async #handshake(flight: Flight): Promise<void> {
    const answer = await this.#post(flight.message.text, flight.abort.signal);
    if (answer.status !== 200) return await this.#deps.outlet.write((await refusalLine(answer, flight.id)).line);
    const edit = (message: Message): string => {
      this.#session = toSession(answer, message) ?? this.#session;
      return message.text;
    };
    const passage = await passOn(answer, flight, this.#deps.outlet, { edit });
    if (!passage.isAnswered) throw streamEnded();
  }

  async #sendOneWay(message: Message, signal: AbortSignal): Promise<void> {
    const answer = await this.#post(message.text, signal);
    await answer.discard();
    const session = this.#session;
    if (answer.status === 404 && session?.id !== undefined && message.kind === 'notification') return await this.#renew(session, undefined);
    if (answer.status >= 400) throw new Fault('upstream.protocol_error', { message: `the gateway answered with HTTP ${answer.status}` });
    if (message.method === 'notifications/initialized') this.#listen();
  }

  #listen(): void {
    const session = this.#session;
    if (session === undefined) return;
    const { outlet, clock } = this.#deps;
    const send = (headers: Readonly<Record<string, string>>): Promise<WireAnswer> =>
      this.#send({ method: 'GET', headers: { accept: 'text/event-stream', ...sessionHeaders(session), ...headers }, signal: session.abort.signal });
    const renew = (): Promise<void> => this.#renew(session, undefined);
    void keepListening({ send, renew, outlet, clock, signal: session.abort.signal });
  }

  /** A new session in place of `lost`, once for all who notice. */
  #renew(lost: Session, cause: Flight | undefined): Promise<void> {
    if (this.#session !== lost) return this.#renewal ?? Promise.resolve();
    this.#renewal ??= this.#replace(lost, cause).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #replace(lost: Session, cause: Flight | undefined): Promise<void> {
    const { outlet, failOthers } = this.#deps;
    outlet.log('The gateway no longer knows the session; opening a new one.');
    failOthers(cause, new Fault('request.session_unknown', { message: 'The session ended before the answer.', effect: 'unknown' }));
    lost.abort.abort();
    const renewal = new AbortController();
    const stop = this.#deps.clock.after(RENEWAL_MS_MAX, () => renewal.abort());
    try {
      await this.#openAnew(lost, renewal.signal);
    } finally {
      stop();
    }
  }

  async #openAnew(lost: Session, signal: AbortSignal): Promise<void> {
    const { outlet } = this.#deps;
    const params = this.#initialize?.params;
    const answer = await this.#send({
      method: 'POST',
      headers: ACCEPT,
      body: JSON.stringify({ jsonrpc: '2.0', id: 'metamcp-renew', method: 'initialize', params }),
      signal,
    });
    if (answer.status !== 200)
      throw new Fault('request.session_unknown', { message: `The session ended, and a new one was refused with HTTP ${answer.status}.` });
    let session: Session | undefined;
    const edit = (message: Message): string => {
      session = toSession(answer, message);
      return '';
    };
    await passOn(
      answer,
      { id: 'metamcp-renew', message: emptyMessage, abort: new AbortController(), isCancelled: false },
      { ...outlet, write: () => Promise.resolve() },
      { edit },
    );
    if (session?.revision !== lost.revision)
      throw new Fault('request.session_unknown', {
        message: 'The session ended, and the gateway offers another protocol revision now. Start the client again.',
      });
    this.#session = session;
    for (const text of [JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }), ...this.#setup.messages()]) {
      await (await this.#post(text, signal)).text();
    }
    this.#listen();
  }

  /** Passes the answer on, and takes a broken stream up again where it left off (2025-03-26 to 2025-11-25, "Resumability"). */
  async #pass(answer: WireAnswer, flight: Flight): Promise<void> {
    const { outlet, clock } = this.#deps;
    if (answer.status !== 200) {
      const { line } = await refusalLine(answer, flight.id);
      if (!flight.isCancelled) await outlet.write(line);
      return;
    }
    let current = answer;
    let lastEventId: string | undefined;
    let retryMs = RETRY_DEFAULT_MS;
    const onRetryMs = (delayMs: number): void => {
      retryMs = delayMs;
    };
    for (let failures = 0; failures <= RESUMPTIONS_MAX; failures++) {
      const passage = await passOn(current, flight, outlet, { onRetryMs });
      if (passage.isAnswered) return;
      if (passage.lastEventId !== undefined && passage.lastEventId !== lastEventId) failures = 0;
      lastEventId = passage.lastEventId ?? lastEventId;
      const session = this.#session;
      if (lastEventId === undefined || session?.id === undefined) throw streamEnded();
      await sleep(clock, retryMs);
      flight.abort.signal.throwIfAborted();
      current = await this.#send({
        method: 'GET',
        headers: { accept: 'text/event-stream', ...sessionHeaders(session), 'last-event-id': lastEventId },
        signal: flight.abort.signal,
      });
      if (current.status !== 200) {
        await current.discard();
        throw streamEnded();
      }
    }
    throw streamEnded();
  }

  #post(body: string, signal: AbortSignal): Promise<WireAnswer> {
    return this.#send({ method: 'POST', headers: { ...ACCEPT, ...(this.#session ? sessionHeaders(this.#session) : {}) }, body, signal });
  }

  #send(request: WireRequest): Promise<WireAnswer> {
    return this.#deps.wire.send(request);
  }
}

const emptyMessage: Message = { text: '', kind: 'request', id: 'metamcp-renew', method: 'initialize', params: {}, revision: undefined };

function streamEnded(): Fault {
  return new Fault('upstream.closed', { message: 'The stream from the gateway ended before the answer.' });
}

function sessionHeaders(session: Session): Record<string, string> {
  // The header came with 2025-06-18; earlier revisions do not know it.
  const revision = session.revision >= '2025-06-18' ? { 'mcp-protocol-version': session.revision } : {};
  return session.id === undefined ? revision : { ...revision, 'mcp-session-id': session.id };
}

function toSession(answer: WireAnswer, message: Message): Session | undefined {
  const value: unknown = JSON.parse(message.text);
  const result = isRecord(value) ? value['result'] : undefined;
  if (!isRecord(result) || typeof result['protocolVersion'] !== 'string') return undefined;
  return { id: answer.header('mcp-session-id'), revision: result['protocolVersion'], abort: new AbortController() };
}
