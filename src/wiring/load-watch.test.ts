import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import type { Clock } from '../base/clock.ts';
import { type Overload, watchLoad } from './load-watch.ts';

/** A clock whose timers fire late by what the test says. */
function lateClock(clock: MovableClock, late: { ms: number }): Clock {
  return { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs(), after: (delayMs, run) => clock.after(delayMs + late.ms, run) };
}

function stage(): { readonly clock: MovableClock; readonly late: { ms: number }; readonly heap: { usedBytes: number }; readonly waited: { ms: number }; readonly told: (Overload | undefined)[]; readonly now: () => Overload | undefined; readonly stop: () => void } {
  const clock = new MovableClock();
  const late = { ms: 0 };
  const heap = { usedBytes: 100 };
  const waited = { ms: 0 };
  const told: (Overload | undefined)[] = [];
  const watch = watchLoad({ clock: lateClock(clock, late), heap: () => ({ ...heap, limitBytes: 1_000 }), waitedMs: () => waited.ms, changed: (overload) => told.push(overload) });
  return { clock, late, heap, waited, told, now: watch.overload, stop: watch.stop };
}

test('a heap that is full at 85 % is told until it is at 80 %', async () => {
  const { clock, heap, told, now } = stage();
  heap.usedBytes = 849;
  await clock.move(1_000);
  expect(now()).toBeUndefined();
  heap.usedBytes = 850;
  await clock.move(200);
  expect(now()).toBe('heap');
  heap.usedBytes = 801;
  await clock.move(1_000);
  expect(now()).toBe('heap');
  heap.usedBytes = 799;
  await clock.move(200);
  expect([now(), told]).toEqual([undefined, ['heap', undefined]]);
});

test('one pause of two seconds is no overload, an event loop that stays late is, until it is well again', async () => {
  const { clock, late, told, now } = stage();
  await clock.move(100);
  late.ms = 2_000;
  await clock.move(200);
  late.ms = 0;
  await clock.move(10_000);
  expect(told).toEqual([]);
  late.ms = 3_000;
  await clock.move(20_000);
  expect(now()).toBe('event_loop');
  late.ms = 0;
  await clock.move(10_000);
  expect([now(), told]).toEqual([undefined, ['event_loop', undefined]]);
});

test('requests that wait a second before they begin are the same', async () => {
  const { clock, waited, told, now } = stage();
  waited.ms = 1_500;
  await clock.move(400);
  expect(now()).toBeUndefined();
  await clock.move(3_000);
  expect(now()).toBe('event_loop');
  waited.ms = 100;
  await clock.move(3_000);
  expect(told).toEqual(['event_loop', undefined]);
});

test('nothing is watched any more once it is stopped', async () => {
  const { clock, heap, now, stop } = stage();
  stop();
  heap.usedBytes = 1_000;
  await clock.move(10_000);
  expect(now()).toBeUndefined();
});
