/**
 * The carrier of one request: its POST, the answer as JSON or as an event stream, and the GETs that go on with such a
 * stream when its connection ends early. It ends exactly once: with the answer as a message, with `failed`, or silently
 * when it was aborted.
 */
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Envelope } from '../../protocol/envelope.ts';
import { MODERN_REVISION } from '../../protocol/messages.ts';
import { type AnswerHead, faultOfBreak, faultOfStatus, headerOf, mediaTypeOf } from '../dialer/answer-fault.ts';
import { EventStreamParser } from '../dialer/event-stream-parser.ts';
import { describeInvalid, readMessages } from '../dialer/read-messages.ts';
import type { WireController, WireHandler } from '../dialer/wire-request.ts';
import type { LinkEvents, Outgoing } from '../link.ts';
import { isHeaderSafe, type StreamPlace } from './stream-follower.ts';

/** The link, as its carriers see it. */
export interface CarrierHost {
  readonly server: string;
  readonly events: LinkEvents;
  readonly clock: Clock;
  readonly resultBytesMax: number;
  post(message: Outgoing, handler: WireHandler): void;
  /** Goes on with the stream of that carrier elsewhere. */
  resume(carrier: Carrier, place: StreamPlace): { close(): void };
  /** The carrier is not to be aborted any more. */
  release(carrier: Carrier): void;
}

/** A refusal's body is read so far, to find a JSON-RPC error in it. */
const REFUSAL_BYTES_MAX = 64 * 1024;
/** A server may leave a connection open so long after it said all; then it is closed. */
const LINGER_MS = 1_000;
/** From here on a second copy of a body is worth avoiding. */
const WHOLE_FROM_BYTES = 256 * 1024;
const ABORTED = new Error('aborted');

type Reading = 'head' | 'json' | 'stream' | 'refusal' | 'rest';

export class Carrier implements WireHandler {
  readonly id: number;
  readonly message: Outgoing;
  readonly #host: CarrierHost;
  #reading: Reading = 'head';
  #controller: WireController | undefined;
  #head: AnswerHead | undefined;
  #chunks: Buffer[] = [];
  /** In place of chunks. */
  #whole: Buffer | undefined;
  #bytes = 0;
  #bytesMax = 0;
  #parser: EventStreamParser | undefined;
  #follower: { close(): void } | undefined;
  #cancelLinger: CancelTimer | undefined;
  /** What was wrong with an event that may have been the answer. */
  #invalid: string | undefined;
  #isSent = false;
  /** The answer was given, or failure told, or nobody cares any more. */
  #isOver = false;

  constructor(host: CarrierHost, message: Outgoing, id: number) {
    this.#host = host;
    this.message = message;
    this.id = id;
  }

  /** The session that this answer opened, where it did. */
  get sessionId(): string | undefined {
    return this.#head === undefined ? undefined : headerOf(this.#head, 'mcp-session-id');
  }

  start(): void {
    if (!this.#isOver) this.#host.post(this.message, this);
  }

  abort(): void {
    this.#end();
    this.#controller?.abort(ABORTED);
  }

  onRequestStart(controller: WireController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(ABORTED);
    else this.#isSent = true;
  }

  onResponseStart(_controller: WireController, status: number, headers: AnswerHead['headers']): void {
    if (this.#isOver || status < 200) return;
    const head = { status, headers };
    this.#head = head;
    this.#host.events.answered?.(this.id, { 'mcp-session-id': headerOf(head, 'mcp-session-id'), 'www-authenticate': headerOf(head, 'www-authenticate') });
    if (this.#isOver) return;
    if (status >= 300) this.#beginRefusal(head);
    else this.#beginAnswer(head);
  }

  onResponseData(controller: WireController, chunk: Buffer): void {
    if (this.#reading === 'stream') {
      this.#parser?.push(chunk);
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) this.#overflow(controller);
    else if (this.#reading !== 'rest') this.#keep(chunk);
  }

  onResponseEnd(): void {
    this.#cancelLinger?.();
    if (this.#isOver) return;
    if (this.#reading === 'json') this.#readJson();
    else if (this.#reading === 'refusal') this.#readRefusal();
    else this.#streamEnded(new Fault('upstream.closed', { server: this.#host.server, detail: 'the answer ended without the response' }));
  }

  onResponseError(_controller: WireController | undefined, error: Error): void {
    this.#cancelLinger?.();
    if (this.#isOver) return;
    const fault = faultOfBreak(error, this.#host.server, this.#isSent);
    if (this.#reading === 'refusal' && this.#head !== undefined) this.#fail(this.#statusFault(this.#head), this.#head.status);
    else if (this.#reading === 'stream') this.#streamEnded(fault);
    else this.#fail(fault);
  }

  /** Data of one event, from the POST's own stream or from one that goes on with it. */
  takeEvent(data: Buffer): void {
    try {
      readMessages(data, (envelope) => this.#take(envelope));
    } catch (thrown) {
      this.#invalid = describeInvalid(thrown);
      this.#host.events.dropped('invalid_message', this.#invalid);
    }
  }

  /** An event above the limit: it can only have been the answer, or is as bad. */
  takeOversized(): void {
    this.#fail(this.#tooLarge());
    this.#controller?.abort(ABORTED);
  }

  takeGone(why: string): void {
    this.#fail(new Fault('upstream.closed', { server: this.#host.server, detail: `the stream could not be resumed: ${why}` }));
  }

  #beginAnswer(head: AnswerHead): void {
    const type = mediaTypeOf(head);
    if (type === 'text/event-stream') {
      this.#reading = 'stream';
      this.#parser = new EventStreamParser(
        { event: (name, data) => name === 'message' && data.length > 0 && this.takeEvent(data), oversized: () => this.takeOversized() },
        this.#host.resultBytesMax,
      );
      return;
    }
    if (type !== 'application/json' && type !== '') {
      this.#refuse(this.#protocolError(`content type ${type.slice(0, 100)}`));
      return;
    }
    this.#reading = 'json';
    this.#bytesMax = this.#host.resultBytesMax;
    const bytes = Number(headerOf(head, 'content-length') ?? 0);
    if (bytes > this.#bytesMax) {
      this.#fail(this.#tooLarge());
      this.#controller?.abort(ABORTED);
    } else if (bytes > WHOLE_FROM_BYTES) this.#whole = Buffer.allocUnsafeSlow(bytes);
  }

  #beginRefusal(head: AnswerHead): void {
    this.#bytesMax = REFUSAL_BYTES_MAX;
    this.#reading = 'refusal';
    if (!mayCarryMessage(head)) this.#refuse(this.#statusFault(head));
  }

  #overflow(controller: WireController): void {
    if (this.#reading === 'json') this.#fail(this.#tooLarge());
    else if (this.#reading === 'refusal' && this.#head !== undefined) this.#fail(this.#statusFault(this.#head), this.#head.status);
    controller.abort(ABORTED);
  }

  #readJson(): void {
    try {
      readMessages(this.#body(), (envelope) => this.#take(envelope));
      if (!this.#isOver) this.#fail(this.#protocolError('the answer holds no response to this request'));
    } catch (thrown) {
      this.#fail(this.#isCutOff() ? new Fault('upstream.closed', { server: this.#host.server, detail: 'the answer was cut off' }) : this.#protocolError(describeInvalid(thrown)));
    }
  }

  /** Whether the end of the connection was the only mark of the body's end, so that a broken body may be half of one. */
  #isCutOff(): boolean {
    return this.#head !== undefined && this.#head.headers['content-length'] === undefined && this.#head.headers['transfer-encoding'] === undefined;
  }

  #readRefusal(): void {
    const head = this.#head;
    if (head === undefined) return;
    try {
      readMessages(this.#body(), (envelope) => {
        if (isRefusalOf(this.id, envelope, head.status)) this.#take(envelope);
      });
    } catch {
      // Whatever else the body is, the status says enough.
    }
    if (!this.#isOver) this.#fail(this.#statusFault(head), head.status);
  }

  /** A large body whose length is known is put together where it will stand: twice its bytes would be held otherwise. */
  #keep(chunk: Buffer): void {
    if (this.#whole === undefined) this.#chunks.push(chunk);
    else chunk.copy(this.#whole, this.#bytes - chunk.length);
  }

  #body(): Buffer {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#bytes);
    const [first] = this.#chunks;
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#bytes);
  }

  #take(envelope: Envelope): void {
    if (this.#isOver) return;
    if (envelope.kind === 'result' || envelope.kind === 'error') {
      if (envelope.id !== undefined && envelope.id !== this.id) {
        this.#host.events.dropped('invalid_message', 'an answer to another request');
        return;
      }
      this.#end();
      if (this.#reading === 'stream' && this.#follower === undefined) this.#readRest();
    }
    this.#host.events.message(envelope, this.id);
  }

  #streamEnded(fault: Fault): void {
    if (this.#invalid !== undefined) {
      this.#fail(this.#protocolError(this.#invalid));
      return;
    }
    const place = { lastEventId: this.#parser?.lastEventId ?? '', retryMs: this.#parser?.retryMs };
    if (isHeaderSafe(place.lastEventId) && !isModern(this.message)) this.#follower = this.#host.resume(this, place);
    else this.#fail(fault);
  }

  /** Fails now and reads what is left, so that the connection can be used again. */
  #refuse(fault: Fault): void {
    this.#bytesMax = REFUSAL_BYTES_MAX;
    this.#fail(fault, this.#head?.status);
    this.#readRest();
  }

  #readRest(): void {
    this.#reading = 'rest';
    this.#bytesMax = this.#bytes + REFUSAL_BYTES_MAX;
    this.#cancelLinger = this.#host.clock.after(LINGER_MS, () => this.#controller?.abort(ABORTED));
  }

  #fail(fault: Fault, status?: number): void {
    if (this.#isOver) return;
    this.#end();
    this.#host.events.failed(this.id, fault, status);
  }

  #end(): void {
    this.#isOver = true;
    this.#chunks = [];
    this.#whole = undefined;
    this.#parser?.stop();
    this.#follower?.close();
    this.#host.release(this);
  }

  #statusFault(head: AnswerHead): Fault {
    return faultOfStatus(head, this.#host.server, this.#host.clock.nowMs());
  }

  #tooLarge(): Fault {
    return new Fault('upstream.too_large', { server: this.#host.server, detail: `above ${this.#host.resultBytesMax} bytes` });
  }

  #protocolError(detail: string): Fault {
    return new Fault('upstream.protocol_error', { server: this.#host.server, detail });
  }
}

/** Statuses that HTTP itself explains are faults whatever their body says; a body is looked at only where it is JSON. */
function mayCarryMessage(head: AnswerHead): boolean {
  const { status } = head;
  return status >= 400 && status !== 401 && status !== 403 && status !== 429 && status !== 503 && mediaTypeOf(head) === 'application/json';
}

/**
 * A JSON-RPC error in a refusal counts when it names our request; without an id only where the server complains about
 * the request's form. A 404 without our id is a lost session, which is for the peer to repair.
 */
function isRefusalOf(id: number, envelope: Envelope, status: number): boolean {
  if (envelope.kind !== 'error') return false;
  return envelope.id === id || (envelope.id === undefined && status !== 404 && status < 500);
}

/** Modern streams are not resumable (2026-07-28, "Receiving Messages"). */
function isModern(message: Outgoing): boolean {
  return Object.entries(message.headers ?? {}).some(([name, value]) => name.toLowerCase() === 'mcp-protocol-version' && value === MODERN_REVISION);
}
