/** Reads a stream that nobody needs fast: in full, but never with more than a fraction of a processor. */
import type { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';

const WINDOW_MS = 100;
/** 256 MiB a second: about a quarter of one core, and for a writer hardly a wait. */
const WINDOW_BYTES = 256 * 1024 * 1024 * (WINDOW_MS / 1000);

/** Calls `onChunk` with everything the stream gives; a flood is paused for the rest of each tenth of a second. */
export function readPaced(stream: Readable, clock: Clock, onChunk: (chunk: Buffer) => void): void {
  let windowStartMs = -Infinity;
  let windowBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    onChunk(chunk);
    windowBytes += chunk.length;
    if (windowBytes <= WINDOW_BYTES) return;
    const leftMs = windowStartMs + WINDOW_MS - clock.monotonicMs();
    windowBytes = 0;
    windowStartMs = clock.monotonicMs() + Math.max(leftMs, 0);
    if (leftMs <= 0) return;
    stream.pause();
    clock.after(leftMs, () => stream.resume());
  });
}
