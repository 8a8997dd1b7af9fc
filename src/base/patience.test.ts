import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { Patience } from './patience.ts';

test('each wait ends after its own delay, in order, and not at all where it was ended', async () => {
  const clock = new MovableClock();
  const patience = new Patience(clock, 100);
  const ran: string[] = [];
  patience.begin(() => ran.push('a'));
  await clock.move(40);
  const given = patience.begin(() => ran.push('b'));
  patience.begin(() => ran.push('c'));
  await clock.move(59);
  expect(ran).toEqual([]);
  await clock.move(1);
  expect(ran).toEqual(['a']);
  patience.end(given);
  await clock.move(40);
  expect(ran).toEqual(['a', 'c']);
  patience.begin(() => ran.push('d'));
  await clock.move(100);
  expect(ran).toEqual(['a', 'c', 'd']);
});
