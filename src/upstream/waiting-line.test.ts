import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import { WaitingLine } from './waiting-line.ts';

const tooLate = (): Fault => new Fault('limit.overloaded');

function setUp() {
  const clock = new MovableClock();
  const line = new WaitingLine<string>(clock);
  const ends: string[] = [];
  let crowded = 0;
  const wait = (name: string, timeoutMs = 60_000): void => {
    line.wait({ timeoutMs, tooLate, onCrowded: () => crowded++ }).then(
      (thing) => ends.push(`${name} ${thing}`),
      (fault: Fault) => ends.push(`${name} ${fault.code}`),
    );
  };
  return { clock, line, ends, wait, crowded: () => crowded };
}

test('who came first is served first; with nobody there, nothing is taken', async () => {
  const { line, ends, wait } = setUp();
  expect(line.give('early')).toBe(false);
  wait('ann');
  wait('bob');
  expect([line.give('one'), line.length]).toEqual([true, 1]);
  expect([line.give('two'), line.give('three'), line.length]).toEqual([true, false, 0]);
  await settle();
  expect(ends).toEqual(['ann one', 'bob two']);
});

test('nobody waits longer than the time, and the room is asked for once, before that', async () => {
  const { clock, line, ends, wait, crowded } = setUp();
  wait('ann', 6_000);
  wait('bob', 4_000);
  await clock.move(4_000);
  expect([ends, crowded()]).toEqual([['bob limit.overloaded'], 0]);
  await clock.move(1_000);
  expect([crowded(), line.length]).toEqual([1, 1]);
  await clock.move(60_000);
  expect([ends, crowded(), line.length]).toEqual([['bob limit.overloaded', 'ann limit.overloaded'], 1, 0]);
});

test('a line that is disbanded tells everyone why', async () => {
  const { clock, line, ends, wait } = setUp();
  wait('ann');
  wait('bob');
  line.disband(new Fault('upstream.unavailable'));
  await clock.move(100_000);
  expect(ends).toEqual(['ann upstream.unavailable', 'bob upstream.unavailable']);
});

test('whatever happens in whatever order, each waiter ends exactly once and each thing is given once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.constant('wait'), fc.constant('give'), fc.integer({ min: 1, max: 30_000 })), { maxLength: 40 }), async (steps) => {
      const { clock, line, ends, wait } = setUp();
      let waiters = 0;
      let given = 0;
      for (const step of steps) {
        if (step === 'wait') wait(`w${++waiters}`, 20_000);
        else if (step === 'give') given += line.give(`t${given + 1}`) ? 1 : 0;
        else await clock.move(Number(step));
      }
      await clock.move(100_000);
      expect(new Set(ends.map((end) => end.split(' ')[0])).size).toBe(waiters);
      expect(ends).toHaveLength(waiters);
      expect(ends.filter((end) => /t\d+$/.test(end)).map((end) => end.split(' ')[1])).toEqual(Array.from({ length: given }, (_, index) => `t${index + 1}`));
    }),
    { numRuns: 50 },
  );
});
