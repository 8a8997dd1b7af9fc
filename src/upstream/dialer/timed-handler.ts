/** An exchange that has to be over in time, the wait for a connection included. */
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { type WireController, WireError, type WireHandler, type WireHeaders } from './wire-request.ts';

export class TimedHandler implements WireHandler {
  readonly #inner: WireHandler;
  readonly #stopTimer: CancelTimer;
  #controller: WireController | undefined;
  #isOver = false;

  constructor(inner: WireHandler, timeoutMs: number, clock: Clock) {
    this.#inner = inner;
    this.#stopTimer = clock.after(timeoutMs, () => this.#expire(new WireError('cut_off', `no answer within ${timeoutMs} ms`)));
  }

  onRequestStart(controller: WireController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new WireError('cut_off', 'too late'));
    else this.#inner.onRequestStart(controller);
  }

  onResponseStart(controller: WireController, status: number, headers: WireHeaders): void {
    this.#inner.onResponseStart(controller, status, headers);
  }

  onResponseData(controller: WireController, chunk: Buffer): void {
    this.#inner.onResponseData(controller, chunk);
  }

  onResponseEnd(): void {
    if (this.#end()) this.#inner.onResponseEnd();
  }

  onResponseError(controller: WireController | undefined, error: Error): void {
    if (this.#end()) this.#inner.onResponseError(controller, error);
  }

  #expire(error: WireError): void {
    if (this.#controller !== undefined) this.#controller.abort(error);
    else this.onResponseError(undefined, error);
  }

  #end(): boolean {
    const isFirst = !this.#isOver;
    this.#isOver = true;
    this.#stopTimer();
    return isFirst;
  }
}
