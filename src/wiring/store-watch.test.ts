import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { watchStore } from './store-watch.ts';

test('a gateway that does not see what is stored is blind after its patience, and sees again with the first look that works', async () => {
  const clock = new MovableClock();
  const told: string[] = [];
  let isThere = true;
  const watch = watchStore({ look: () => (isThere ? Promise.resolve() : Promise.reject(new Error('away'))), clock, patienceMs: 60_000, report: (problem) => told.push(problem) });
  await clock.move(120_000);
  expect(watch.isBlind()).toBe(false);
  isThere = false;
  await clock.move(59_000);
  expect(watch.isBlind()).toBe(false);
  await clock.move(3_000);
  expect(watch.isBlind()).toBe(true);
  isThere = true;
  await clock.move(1_000);
  expect(watch.isBlind()).toBe(false);
  expect(told).toEqual(['what is stored cannot be read: away', 'what is stored can be read again']);
  watch.stop();
});

test('a look that never comes back makes it blind too', async () => {
  const clock = new MovableClock();
  const watch = watchStore({ look: () => new Promise(() => undefined), clock, patienceMs: 60_000, report: () => undefined });
  await clock.move(62_000);
  expect(watch.isBlind()).toBe(true);
});
