/** One GET whose answer is an event stream. */
import type { Dispatcher } from 'undici';
import type { AnswerHead } from './answer-fault.ts';
import { mediaTypeOf } from './answer-fault.ts';
import { EventStreamParser } from './event-stream-parser.ts';

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
  readonly dispatcher: Dispatcher;
  readonly path: string;
  readonly headers: string[];
  readonly eventBytesMax: number;
}

/** A running GET; `close` ends it without a further event. */
export class EventStream implements Dispatcher.DispatchHandler {
  readonly #events: EventStreamEvents;
  readonly #parser: EventStreamParser;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;

  constructor(request: EventStreamRequest, events: EventStreamEvents) {
    this.#events = events;
    this.#parser = new EventStreamParser(events, request.eventBytesMax);
    request.dispatcher.dispatch({ method: 'GET', path: request.path, headers: request.headers }, this);
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

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('stream closed by us'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHead['headers']): void {
    if (this.#isOver || status < 200) return;
    const head = { status, headers };
    if (status === 200 && mediaTypeOf(head) === 'text/event-stream') {
      this.#events.opened?.(head);
      return;
    }
    this.close();
    this.#events.refused(head);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isOver) this.#parser.push(chunk);
  }

  onResponseEnd(): void {
    this.#finish(undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(error);
  }

  #finish(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.ended(error);
  }
}
