/** A log file that stays small: at its size it becomes `NAME.1.log`, the one before `NAME.2.log`, and the oldest goes. */
import { existsSync, fstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';

export interface RotationOptions {
  readonly folder: string;
  /** Without `.log`. */
  readonly name: string;
  /** A file above this is put aside before the next line. */
  readonly bytesMax: number;
  /** Put aside, beside the one that is written. */
  readonly filesMax: number;
  /** Bytes that may wait before they are written; what waits longer than a second is written too. */
  readonly bufferBytes: number;
  /** Lines are lost: a full disk, for one. Told once. */
  readonly onLost?: (error: Error) => void;
}

type Destination = ReturnType<typeof pino.destination>;

export class RotatingFile {
  readonly #options: RotationOptions;
  readonly #ending = new Set<Destination>();
  #destination: Destination;
  #bytes = 0;
  #isLossTold = false;

  constructor(options: RotationOptions) {
    this.#options = options;
    this.#destination = this.#open();
  }

  /** Whole lines. */
  write(text: string): void {
    if (this.#bytes > this.#options.bytesMax) this.#rotate();
    this.#bytes += Buffer.byteLength(text);
    this.#destination.write(text);
  }

  /** Resolves when all that was written is in its file. */
  async close(): Promise<void> {
    this.#end(this.#destination);
    await Promise.all([...this.#ending].map((destination) => new Promise((resolve) => destination.once('close', resolve))));
  }

  /** What waits to be written goes to the file of its time: the descriptor follows the rename. Where none can be made, the old one goes on. */
  #rotate(): void {
    const { filesMax } = this.#options;
    const former = this.#destination;
    try {
      rmSync(this.#path(filesMax), { force: true });
      for (let number = filesMax - 1; number >= 0; number--) if (existsSync(this.#path(number))) renameSync(this.#path(number), this.#path(number + 1));
      this.#destination = this.#open();
    } catch (thrown) {
      this.#bytes = 0;
      this.#tellLoss(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return;
    }
    this.#end(former);
  }

  #tellLoss(error: Error): void {
    if (!this.#isLossTold) this.#options.onLost?.(error);
    this.#isLossTold = true;
  }

  #open(): Destination {
    const { bufferBytes } = this.#options;
    const fd = openSync(this.#path(0), 'a', 0o600);
    this.#bytes = fstatSync(fd).size;
    const buffer = bufferBytes === 0 ? {} : { minLength: bufferBytes, maxWrite: 2 * bufferBytes, periodicFlush: 1_000 };
    const destination = pino.destination({ fd, sync: false, ...buffer });
    destination.on('error', (error: Error) => this.#tellLoss(error));
    return destination;
  }

  #end(destination: Destination): void {
    this.#ending.add(destination);
    destination.once('close', () => this.#ending.delete(destination));
    destination.end();
  }

  #path(number: number): string {
    const { folder, name } = this.#options;
    return join(folder, number === 0 ? `${name}.log` : `${name}.${number}.log`);
  }
}
