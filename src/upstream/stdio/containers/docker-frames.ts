/**
 * The stream of a container without a terminal: frames of one byte for the stream (1 stdout, 2 stderr), three of zero,
 * four for the length, big-endian, and the bytes (Engine API, "Attach to a container", "Stream format").
 */
import { type Duplex, Readable } from 'node:stream';

const HEAD_BYTES = 8;
const STDOUT = 1;
const STDERR = 2;

export interface SplitStreams {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** Who does not read stdout holds up both, as the engine does. What is no frame breaks both streams. */
export function splitFrames(source: Duplex): SplitStreams {
  const readers = { [STDOUT]: paced(source), [STDERR]: paced(source) };
  let waiting: Buffer = Buffer.alloc(0);
  let isBroken = false;
  source.on('data', (chunk: Buffer) => {
    if (isBroken) return;
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    while (waiting.length >= HEAD_BYTES) {
      const stream = waiting[0];
      if ((stream !== STDOUT && stream !== STDERR) || waiting.readUIntBE(1, 3) !== 0) {
        isBroken = true;
        for (const reader of Object.values(readers)) reader.destroy(new Error('the container engine sent what is no frame: does the container have a terminal?'));
        return;
      }
      const end = HEAD_BYTES + waiting.readUInt32BE(4);
      // A frame may be long: what is there of it need not wait for the rest.
      if (waiting.length < end) {
        const part = waiting.subarray(HEAD_BYTES);
        if (part.length === 0) return;
        push(readers[stream], part, source);
        const head = Buffer.from(waiting.subarray(0, HEAD_BYTES));
        head.writeUInt32BE(end - waiting.length, 4);
        waiting = head;
        return;
      }
      push(readers[stream], waiting.subarray(HEAD_BYTES, end), source);
      waiting = waiting.subarray(end);
    }
  });
  const finish = (): void => {
    for (const reader of Object.values(readers)) if (!reader.destroyed) reader.push(null);
  };
  source.once('end', finish);
  source.once('close', finish);
  return { stdout: readers[STDOUT], stderr: readers[STDERR] };
}

function paced(source: Duplex): Readable {
  return new Readable({ read: () => void source.resume() });
}

function push(reader: Readable, bytes: Buffer, source: Duplex): void {
  if (bytes.length > 0 && !reader.destroyed && !reader.readableEnded && !reader.push(bytes)) source.pause();
}
