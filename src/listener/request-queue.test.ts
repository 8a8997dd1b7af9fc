import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { RequestQueue } from './request-queue.ts';

interface Stage {
  readonly clock: MovableClock;
  readonly queue: RequestQueue;
  /** Names of those that began, and how long each had waited. */
  readonly begun: { readonly name: number; readonly waitedMs: number }[];
  readonly enter: (name: number, waitingBytes?: number) => void;
  /** The event loop's turn ends. */
  readonly turn: () => void;
}

function stage(): Stage {
  const clock = new MovableClock();
  const scheduled: (() => void)[] = [];
  const queue = new RequestQueue(clock, (run) => scheduled.push(run));
  const begun: { name: number; waitedMs: number }[] = [];
  return {
    clock,
    queue,
    begun,
    enter: (name, waitingBytes = 1) => queue.enter({ waitingBytes, begin: (waitedMs) => begun.push({ name, waitedMs }) }),
    turn: () => {
      for (const run of scheduled.splice(0)) run();
    },
  };
}

test('with 32 under way 16 begin in a turn, the others in the next ones, each told how long it waited', async () => {
  const { clock, queue, begun, enter, turn } = stage();
  for (let name = 0; name < 32; name++) enter(name);
  expect(begun).toHaveLength(32);
  // 32 have begun in this turn, and no turn was asked for yet.
  enter(32);
  expect(begun).toHaveLength(32);
  turn();
  expect(begun).toHaveLength(33);
  for (let name = 33; name < 70; name++) enter(name);
  expect([begun.length, queue.count, queue.waitedMs]).toEqual([48, 22, 0]);
  await clock.move(40);
  expect(queue.waitedMs).toBe(40);
  turn();
  expect(begun.slice(48)).toEqual(Array.from({ length: 16 }, (_, index) => ({ name: 48 + index, waitedMs: 40 })));
  turn();
  expect([begun.length, queue.waitedMs]).toEqual([70, 0]);
});

test('once enough are over each begins at once again', () => {
  const { queue, begun, enter, turn } = stage();
  for (let name = 0; name < 60; name++) enter(name);
  for (let round = 0; round < 4; round++) turn();
  expect(begun).toHaveLength(60);
  for (let name = 0; name < 29; name++) queue.leave();
  enter(60);
  expect(begun.at(-1)).toEqual({ name: 60, waitedMs: 0 });
});

test('what would hold more than 32 MiB while it waits begins', () => {
  const { begun, enter } = stage();
  for (let name = 0; name < 48; name++) enter(name);
  const before = begun.length;
  enter(100, 20 << 20);
  enter(101, 13 << 20);
  enter(102, 11 << 20);
  expect(begun.slice(before).map(({ name }) => name)).toEqual([101]);
});

test('what waited and has left holds nothing any more', () => {
  const { queue, begun, enter, turn } = stage();
  for (let name = 0; name < 48; name++) enter(name);
  const leaving = { waitingBytes: (32 << 20) - 1_000, begin: () => queue.leave() };
  queue.enter(leaving);
  leaving.waitingBytes = 0;
  for (let round = 0; round < 4; round++) turn();
  for (let name = 48; name < 64; name++) enter(name);
  const before = begun.length;
  enter(64, 2_000);
  expect(begun).toHaveLength(before);
});

test('each begins once, in order, none waits where a turn has room, and no turn begins more than 48', () => {
  const step = fc.oneof(fc.record({ enter: fc.integer({ min: 1, max: 200 }) }), fc.constant('leave' as const), fc.constant('turn' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { queue, begun, enter, turn } = stage();
      let entered = 0;
      let left = 0;
      let inTurn = 0;
      const counted = (work: () => void): void => {
        const before = begun.length;
        work();
        inTurn += begun.length - before;
      };
      for (const what of steps) {
        if (what === 'leave') {
          if (left < begun.length) {
            queue.leave();
            left++;
          }
        } else if (what === 'turn') {
          inTurn = 0;
          counted(turn);
        } else for (let count = 0; count < what.enter; count++) counted(() => enter(entered++));
        expect(begun.map(({ name }) => name)).toEqual(Array.from({ length: begun.length }, (_, index) => index));
        expect(inTurn <= 48 || begun.length - left <= 32).toBe(true);
      }
      for (let waiting = entered - begun.length; waiting > 0; waiting -= 16) turn();
      expect(begun).toHaveLength(entered);
    }),
  );
});
