/**
 * What waits to be written to a server's stdin. Messages of one turn of the event loop go out in one write, which is
 * what makes many small calls cheap; the queue is bounded, so a server that does not read costs at most 8 MiB.
 */
import type { Writable } from 'node:stream';
import { Fault } from '../../base/fault.ts';

const QUEUE_BYTES_MAX = 8 * 1024 * 1024;
const RAW_LINE_END = /[\r\n]/;

export class Outbox {
  readonly #stdin: Writable;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writtenBytes = 0;
  #isClosed = false;

  constructor(stdin: Writable) {
    this.#stdin = stdin;
  }

  /** Bytes accepted from us and not yet taken by the operating system. */
  get queuedBytes(): number {
    return this.#waitingBytes + this.#writtenBytes;
  }

  /**
   * Queues one line. Throws `limit.overloaded` when 8 MiB wait already (one message alone may be larger),
   * `upstream.closed` after `end`, and `gateway.bug` for a text with a raw line end: it would be read as two messages.
   */
  add(text: string): void {
    if (this.#isClosed) throw new Fault('upstream.closed', { effect: 'not_executed', detail: 'the server is gone' });
    if (RAW_LINE_END.test(text)) throw new Fault('gateway.bug', { effect: 'not_executed', detail: 'a message with a raw line end must not reach a stdio server' });
    const bytes = Buffer.byteLength(text) + 1;
    if (this.queuedBytes > 0 && this.queuedBytes + bytes > QUEUE_BYTES_MAX) {
      throw new Fault('limit.overloaded', { reason: 'server_not_reading', detail: `${this.queuedBytes} bytes wait for the server to read its stdin` });
    }
    this.#waiting.push(text);
    this.#waitingBytes += bytes;
    // The check phase follows the poll phase at once: everything that one poll brought in goes out together.
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  /** Writes what waits, then closes stdin: the polite way to ask a server to end. */
  end(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#stdin.end();
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#isClosed) return;
    const text = `${this.#waiting.join('\n')}\n`;
    const bytes = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writtenBytes += bytes;
    // As text: a pipe takes it without a buffer of its own in between, which would stay until all garbage is collected.
    this.#stdin.write(text, () => {
      this.#writtenBytes -= bytes;
    });
  }
}
