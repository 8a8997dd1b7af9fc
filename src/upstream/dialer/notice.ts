/** A POST, DELETE or the like of which only the status matters. */
import type { AnswerHead } from './answer-fault.ts';
import type { WireController, WireHandler } from './wire-request.ts';

export interface NoticeEnd {
  /** The answer's status line and headers, undefined where none came. */
  readonly head: AnswerHead | undefined;
  readonly error: Error | undefined;
  /** Whether any byte may have left us. */
  readonly isSent: boolean;
}

/** Bodies are not read beyond this: an answer to a notification has none to speak of. */
const BODY_BYTES_MAX = 64 * 1024;

export class Notice implements WireHandler {
  readonly #ended: (end: NoticeEnd) => void;
  #head: AnswerHead | undefined;
  #isSent = false;
  #isOver = false;
  #bodyBytes = 0;

  /** `ended` is called once, as soon as the status is known. */
  constructor(ended: (end: NoticeEnd) => void) {
    this.#ended = ended;
  }

  onRequestStart(): void {
    this.#isSent = true;
  }

  onResponseStart(_controller: WireController, status: number, headers: AnswerHead['headers']): void {
    if (status < 200) return;
    this.#head = { status, headers };
    this.#finish(undefined);
  }

  onResponseData(controller: WireController, chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > BODY_BYTES_MAX) controller.abort(new Error('the body is not wanted'));
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
    this.#ended({ head: this.#head, error, isSent: this.#isSent });
  }
}
