/**
 * Keeps one event stream alive over several GETs (2025-11-25, "Resumability and Redelivery"): waits as the stream asked
 * with `retry`, else a growing, spread delay, and names the last event it saw. It serves both the listening stream and
 * the answer to a POST whose connection ended early.
 */
import type { Clock } from '../../base/clock.ts';
import { type AnswerHead, retryAfterSeconds } from '../dialer/answer-fault.ts';
import type { EventStream, EventStreamEvents } from '../dialer/event-stream-request.ts';

export interface FollowerOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Starts a GET; `lastEventId` is empty where none was seen. */
  readonly open: (lastEventId: string, events: EventStreamEvents) => EventStream;
  /** Gives up after so many GETs in a row that brought no event. */
  readonly attemptsMax: number;
  readonly data: (bytes: Buffer) => void;
  readonly oversized: () => void;
  /** The server does not offer the stream (any more), or attempts are used up. Last call. */
  readonly gone: (why: string) => void;
}

/** Where to go on: what a broken stream left behind. */
export interface StreamPlace {
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
}

const DELAY_FIRST_MS = 1_000;
const DELAY_MS_MAX = 30_000;
/** However small a `retry` the server asks for. */
const DELAY_MS_MIN = 100;

export class StreamFollower {
  readonly #options: FollowerOptions;
  #lastEventId: string;
  #retryMs: number | undefined;
  #attempts = 0;
  #stream: EventStream | undefined;
  #cancelTimer: (() => void) | undefined;
  #isOver = false;

  /** Without a `place` it connects at once, from the beginning; with one it waits first. */
  constructor(options: FollowerOptions, place?: StreamPlace) {
    this.#options = options;
    this.#lastEventId = place?.lastEventId ?? '';
    this.#retryMs = place?.retryMs;
    if (place === undefined) this.#connect();
    else this.#wait(0);
  }

  close(): void {
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#stream?.close();
  }

  #connect(): void {
    if (this.#isOver) return;
    this.#attempts++;
    this.#stream = this.#options.open(this.#lastEventId, {
      event: (name, data) => {
        this.#attempts = 0;
        if (name === 'message' && data.length > 0) this.#options.data(data);
      },
      oversized: () => this.#options.oversized(),
      refused: (head) => this.#refused(head),
      ended: () => this.#ended(),
    });
  }

  #refused(head: AnswerHead): void {
    const isPassing = head.status >= 500 || head.status === 408 || head.status === 429;
    if (isPassing) this.#wait((retryAfterSeconds(head, this.#options.clock.nowMs()) ?? 0) * 1000);
    else this.#giveUp(`HTTP ${head.status}`);
  }

  #ended(): void {
    if (this.#stream !== undefined && isHeaderSafe(this.#stream.lastEventId)) this.#lastEventId = this.#stream.lastEventId;
    this.#retryMs = this.#stream?.retryMs ?? this.#retryMs;
    this.#wait(0);
  }

  #wait(atLeastMs: number): void {
    if (this.#isOver) return;
    if (this.#attempts >= this.#options.attemptsMax) {
      this.#giveUp(`${this.#attempts} attempts without an event`);
      return;
    }
    const backoffMs = Math.min(DELAY_FIRST_MS * 2 ** Math.max(this.#attempts - 1, 0), DELAY_MS_MAX) * (0.5 + this.#options.random() / 2);
    // The stream's own wish counts as long as it works; after that the server needs rest.
    const wishMs = this.#retryMs !== undefined && this.#attempts <= 1 ? Math.max(this.#retryMs, DELAY_MS_MIN) : Math.max(backoffMs, this.#retryMs ?? 0);
    this.#cancelTimer = this.#options.clock.after(Math.max(wishMs, atLeastMs), () => this.#connect());
  }

  #giveUp(why: string): void {
    this.close();
    this.#options.gone(why);
  }
}

/** An event id that can be sent back as `Last-Event-ID`. */
export function isHeaderSafe(id: string): boolean {
  return /^[\x20-\x7e]{1,1024}$/.test(id);
}
