import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MovableClock, settle } from '../../test/support/movable-clock.ts';
import type { Priority } from '../model/limit.ts';
import { type NoTurn, Turns } from './turns.ts';

const RULE = { max: 1, queueMax: 10, waitMs: 60_000 };
const never = (): Promise<never> => new Promise(() => undefined);

function setUp() {
  const clock = new MovableClock();
  const turns = new Turns(clock);
  const served: string[] = [];
  const ask = (name: string, priority: Priority = 'interactive', rule = RULE): undefined | NoTurn | Promise<NoTurn | undefined> => {
    const taken = turns.take('tool', rule, { priority, cancelled: never });
    void Promise.resolve(taken).then((noTurn) => served.push(noTurn === undefined ? name : `${name}: ${noTurn}`));
    return taken;
  };
  return { clock, turns, served, ask };
}

test('[RL-10] so many at a time without a promise, the next waits, and what does not fit the queue is refused at once', async () => {
  const { turns, ask } = setUp();
  expect(ask('a', 'interactive', { ...RULE, queueMax: 1 })).toBeUndefined();
  const waiting = ask('b', 'interactive', { ...RULE, queueMax: 1 });
  expect(waiting).toBeInstanceOf(Promise);
  expect(ask('c', 'interactive', { ...RULE, queueMax: 1 })).toBe('queue_full');
  turns.release('tool');
  expect(await waiting).toBeUndefined();
  expect(turns.state('tool')).toEqual({ running: 1, waiting: 0 });
  turns.release('tool');
  expect(turns.keys()).toEqual([]);
});

test('interactive calls go first, and a background call that has waited long enough is not passed any more', async () => {
  const { clock, turns, served, ask } = setUp();
  void ask('running');
  void ask('background', 'background');
  await clock.move(1_000);
  void ask('interactive');
  turns.release('tool');
  await settle();
  expect(served).toEqual(['running', 'interactive']);
  await clock.move(5_000);
  void ask('late');
  turns.release('tool');
  await settle();
  expect(served).toEqual(['running', 'interactive', 'background']);
});

test('whoever waits too long or goes away leaves the queue', async () => {
  const { clock, turns, served, ask } = setUp();
  void ask('running');
  void ask('patient', 'interactive', { ...RULE, waitMs: 1_000 });
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const gone = turns.take('tool', RULE, { priority: 'interactive', cancelled: () => cancelled });
  resolve();
  expect(await gone).toBe('cancelled');
  await clock.move(1_000);
  expect(served).toEqual(['running', 'patient: waited_too_long']);
  expect(turns.state('tool')).toEqual({ running: 1, waiting: 0 });
});

test('never more than the limit at a time, and nobody is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom<Priority>('interactive', 'background'), fc.integer({ min: 1, max: 50 })), { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), async (calls, max) => {
      const clock = new MovableClock();
      const turns = new Turns(clock);
      let running = 0;
      let most = 0;
      let done = 0;
      const rule = { max, queueMax: 100, waitMs: 1e6 };
      for (const [priority, lastsMs] of calls) {
        void Promise.resolve(turns.take('tool', rule, { priority, cancelled: never })).then(() => {
          most = Math.max(most, ++running);
          clock.after(lastsMs, () => {
            running--;
            done++;
            turns.release('tool');
          });
        });
      }
      await clock.move(2_000);
      expect(most).toBeLessThanOrEqual(max);
      expect(done).toBe(calls.length);
      expect(turns.keys()).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
