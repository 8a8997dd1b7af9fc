import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Clock } from '../../base/clock.ts';
import { readPaced } from './read-paced.ts';

const MIB = 1024 * 1024;

test('a flood is paused for the rest of its window and then read on, in full', async () => {
  const timers: { delayMs: number; run: () => void }[] = [];
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => 1000, after: (delayMs, run) => (timers.push({ delayMs, run }), () => undefined) };
  const stream = new PassThrough({ highWaterMark: 200 * MIB });
  let bytes = 0;
  readPaced(stream, clock, (chunk) => {
    bytes += chunk.length;
  });
  const chunk = Buffer.alloc(MIB);
  for (let count = 0; count < 60; count += 1) stream.write(chunk);
  await turn();
  // The first window has no beginning, so it only sets one.
  expect(bytes).toBe(52 * MIB);
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([100]);
  timers[0]?.run();
  await turn();
  expect(bytes).toBe(60 * MIB);
});
