/** A server that runs and speaks over three streams, wherever it does: a process here, a container, a process of another gateway. */
import type { Readable, Writable } from 'node:stream';

/** `politely`: stdin was closed, and it has time to write and to end. `flood`: nothing of it is read any more. `at_once`: it used more than it may. */
export type EndManner = 'politely' | 'flood' | 'at_once';

export interface RunningServer {
  /** Operating system id, where it is a process of this machine. */
  readonly pid: number | undefined;
  /** What people call it in a fault: `process 4711`, `container 8f3a62`. */
  readonly label: string;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Tells how it ended, for a reader: `it exited with code 1`. It may be told more than once; the first counts. */
  onEnd(listener: (why: string) => void): void;
  /** Ends all that belongs to it, within about 6 s. Resolves when nothing is left or nothing more can be done. */
  end(manner: EndManner): Promise<void>;
}
