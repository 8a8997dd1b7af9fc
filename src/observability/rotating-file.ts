/** A log file that stays small: at its size it becomes `NAME.1.log`, the one before `NAME.2.log`, and the oldest goes. */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
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
}

export class RotatingFile {
  readonly #options: RotationOptions;
  readonly #destination: ReturnType<typeof pino.destination>;
  #bytes: number;

  constructor(options: RotationOptions) {
    this.#options = options;
    const dest = this.#path(0);
    this.#bytes = existsSync(dest) ? statSync(dest).size : 0;
    const buffer = options.bufferBytes === 0 ? {} : { minLength: options.bufferBytes, maxWrite: 2 * options.bufferBytes, periodicFlush: 1_000 };
    this.#destination = pino.destination({ dest, sync: false, mode: 0o600, ...buffer });
  }

  /** Whole lines. */
  write(text: string): void {
    if (this.#bytes > this.#options.bytesMax) this.#rotate();
    this.#bytes += Buffer.byteLength(text);
    this.#destination.write(text);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#destination.flush(() => {
        this.#destination.end();
        resolve();
      });
    });
  }

  /** What waits to be written goes to the file of its time: the descriptor follows the rename. */
  #rotate(): void {
    this.#destination.flushSync();
    const { filesMax } = this.#options;
    rmSync(this.#path(filesMax), { force: true });
    for (let number = filesMax - 1; number >= 0; number--) if (existsSync(this.#path(number))) renameSync(this.#path(number), this.#path(number + 1));
    if (filesMax === 0) rmSync(this.#path(0), { force: true });
    this.#destination.reopen();
    this.#bytes = 0;
  }

  #path(number: number): string {
    const { folder, name } = this.#options;
    return join(folder, number === 0 ? `${name}.log` : `${name}.${number}.log`);
  }
}
