/** One watcher's stream of server-sent events. Bounded: who reads too slowly is cut off, and told so when it comes back. */
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Changed } from '../../contract/events.ts';
import type { Viewer } from '../configuration/visibility.ts';
import type { AdminEvents } from './admin-events.ts';

/** Waiting for a slow reader. */
const CHUNKS_MAX = 256;
/** Proxies close what says nothing for a minute. */
const BEAT_MS = 20_000;
/** Then the browser comes back by itself and shows its credential anew: it may have ended. */
const STREAM_MS = 5 * 60_000;
const RETRY_MS = 2_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would hold the stream back.
  'x-accel-buffering': 'no',
} as const;

export interface EventStreamDeps {
  readonly events: AdminEvents;
  readonly clock: Clock;
  readonly viewer: Viewer;
  /** The browser had a stream before: what it missed nobody kept, so it must read everything again. */
  readonly isResumed: boolean;
}

/** Throws `limit.overloaded` where too many watch. */
export function openEventStream({ events, clock, viewer, isResumed }: EventStreamDeps): Response {
  const encoder = new TextEncoder();
  const timers: CancelTimer[] = [];
  let stop: (() => void) | undefined;
  let count = 0;
  const release = (): void => {
    stop?.();
    for (const cancel of timers.splice(0)) cancel();
  };
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const end = (): void => {
    if (stop === undefined) return;
    release();
    stop = undefined;
    controller?.close();
  };
  const write = (text: string): void => {
    if (stop === undefined || controller === undefined) return;
    if ((controller.desiredSize ?? 0) <= 0) end();
    else controller.enqueue(encoder.encode(text));
  };
  const tell = (change: Changed): void => write(`event: changed\nid: ${(count += 1)}\ndata: ${JSON.stringify(change)}\n\n`);
  const beat = (): void => {
    timers.splice(0, 1);
    write(':\n\n');
    if (stop !== undefined) timers.unshift(clock.after(BEAT_MS, beat));
  };
  stop = events.watch({ viewer, tell, end });
  if (stop === undefined) throw new Fault('limit.overloaded', { detail: 'event streams' });
  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
        write(`retry: ${RETRY_MS}\nid: 0\n${isResumed ? 'event: resumed\ndata: {}\n' : ''}\n`);
        timers.push(clock.after(BEAT_MS, beat), clock.after(STREAM_MS, end));
      },
      cancel: () => {
        release();
        stop = undefined;
      },
    },
    new CountQueuingStrategy({ highWaterMark: CHUNKS_MAX }),
  );
  return new Response(body, { headers: HEADERS });
}
