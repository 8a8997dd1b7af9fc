/** One GET whose answer is an event stream. */
import type { AnswerHead } from './answer-fault.ts';
import { mediaTypeOf } from './answer-fault.ts';
import { EventStreamParser } from './event-stream-parser.ts';
import type { WirePool } from './wire-pool.ts';
import type { WireController, WireHandler } from './wire-request.ts';

export interface EventStreamEvents {
  /** The server answered with an event stream. */
  opened?(head: AnswerHead): void;
  event(name: string, data: Buffer): void;
  oversized(): void;
  /** The server answered with something else; nothing follows. */
  refused(head: AnswerHead): void;
  /** The stream ended, or broke with an error; nothing follows. */
  ended(error: Error | undefined): void;
}

export interface EventStreamRequest {
  readonly pool: WirePool;
  readonly path: string;
  readonly headers: readonly string[];
  readonly eventBytesMax: number;
}

/** A running GET; `close` ends it without a further event. */
export class EventStream implements WireHandler {
  readonly #events: EventStreamEvents;
  readonly #parser: EventStreamParser;
  #controller: WireController | undefined;
  #isOver = false;

  constructor(request: EventStreamRequest, events: EventStreamEvents) {
    this.#events = events;
    this.#parser = new EventStreamParser(events, request.eventBytesMax);
    request.pool.dispatch({ method: 'GET', path: request.path, headers: request.headers }, this);
  }

  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  get retryMs(): number | undefined {
    return this.#parser.retryMs;
  }

  close(): void {
    this.#isOver = true;
    this.#parser.stop();
    this.#controller?.abort(new Error('stream closed by us'));
  }

  onRequestStart(controller: WireController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('stream closed by us'));
  }

  onResponseStart(_controller: WireController, status: number, headers: AnswerHead['headers']): void {
    if (this.#isOver || status < 200) return;
    const head = { status, headers };
    if (status === 200 && mediaTypeOf(head) === 'text/event-stream') {
      this.#events.opened?.(head);
      return;
    }
    this.close();
    this.#events.refused(head);
  }

  onResponseData(_controller: WireController, chunk: Buffer): void {
    if (!this.#isOver) this.#parser.push(chunk);
  }

  onResponseEnd(): void {
    this.#finish(undefined);
  }

  onResponseError(_controller: WireController | undefined, error: Error): void {
    this.#finish(error);
  }

  #finish(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.ended(error);
  }
}
