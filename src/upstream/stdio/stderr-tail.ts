/**
 * A server's stderr: the last 64 KiB to show when it fails, and its lines to the log as far as the log can bear. It is
 * always read at once, so a server that floods it is never blocked by us and costs one copy of what it writes.
 */
import type { Clock } from '../../base/clock.ts';
import { escapeControls } from './escape-controls.ts';

const TAIL_BYTES_MAX = 64 * 1024;
const LINE_CHARS_MAX = 4096;
/** Passed on as lines, per second; the rest is counted. */
const LOG_BYTES_PER_SECOND = 64 * 1024;
const WINDOW_MS = 1000;
const LF = 0x0a;

export interface StderrOptions {
  readonly clock: Clock;
  /** Removes secrets from text that is shown. */
  readonly redact: (text: string) => string;
  /** Gets whole lines, escaped and redacted, at most 4096 characters each. */
  readonly onLine: ((line: string) => void) | undefined;
}

export class StderrTail {
  readonly #options: StderrOptions;
  /** Two generations of at most 64 KiB each. The older is dropped only when the newer and the next chunk pass 64 KiB, so the last 64 KiB are always there. */
  #older: Buffer = Buffer.alloc(0);
  #newer: Buffer[] = [];
  #newerBytes = 0;
  #line: Buffer[] = [];
  #lineBytes = 0;
  #windowStartMs = -Infinity;
  #windowBytes = 0;
  #suppressedBytes = 0;

  constructor(options: StderrOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    this.#keep(chunk.length > TAIL_BYTES_MAX ? chunk.subarray(-TAIL_BYTES_MAX) : chunk);
    if (this.#options.onLine !== undefined) this.#log(chunk, this.#options.onLine);
  }

  /** Passes on a last line that has no end. */
  finish(): void {
    const { onLine } = this.#options;
    if (onLine !== undefined && this.#lineBytes > 0) this.#emit(onLine);
    if (onLine !== undefined) this.#reportSuppressed(onLine);
  }

  /** The last 64 KiB, cut at a character, controls escaped, secrets removed. */
  text(): string {
    const bytes = Buffer.concat([this.#older, ...this.#newer]).subarray(-TAIL_BYTES_MAX);
    let start = 0;
    while (start < 4 && isContinuation(bytes[start])) start += 1;
    return this.#show(bytes.toString('utf8', start));
  }

  #keep(chunk: Buffer): void {
    if (this.#newerBytes + chunk.length > TAIL_BYTES_MAX) {
      this.#older = Buffer.concat(this.#newer, this.#newerBytes);
      this.#newer = [];
      this.#newerBytes = 0;
    }
    this.#newer.push(chunk);
    this.#newerBytes += chunk.length;
    // Many tiny writes would otherwise cost an object each.
    if (this.#newer.length > 64) this.#newer = [Buffer.concat(this.#newer, this.#newerBytes)];
  }

  #log(chunk: Buffer, onLine: (line: string) => void): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#reportSuppressed(onLine);
      this.#windowStartMs = nowMs;
      this.#windowBytes = 0;
    }
    this.#windowBytes += chunk.length;
    if (this.#windowBytes > LOG_BYTES_PER_SECOND) {
      this.#suppressedBytes += chunk.length + this.#lineBytes;
      this.#line = [];
      this.#lineBytes = 0;
      return;
    }
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#extend(chunk.subarray(start, end));
      this.#emit(onLine);
      start = end + 1;
    }
    this.#extend(chunk.subarray(start));
  }

  #extend(part: Buffer): void {
    if (part.length === 0) return;
    this.#line.push(part);
    this.#lineBytes += part.length;
    if (this.#line.length > 64) this.#line = [Buffer.concat(this.#line).subarray(0, TAIL_BYTES_MAX)];
  }

  #emit(onLine: (line: string) => void): void {
    const text = Buffer.concat(this.#line).toString('utf8').replace(/\r$/, '');
    this.#line = [];
    this.#lineBytes = 0;
    onLine(this.#show(text).slice(0, LINE_CHARS_MAX));
  }

  #reportSuppressed(onLine: (line: string) => void): void {
    if (this.#suppressedBytes > 0) onLine(`[${this.#suppressedBytes} bytes of stderr left out: more than ${LOG_BYTES_PER_SECOND} in a second]`);
    this.#suppressedBytes = 0;
  }

  #show(text: string): string {
    return escapeControls(this.#options.redact(text));
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
