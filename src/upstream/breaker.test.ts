import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import { Breaker, FAILURES_MAX } from './breaker.ts';

interface Stage {
  readonly clock: MovableClock;
  readonly breaker: Breaker;
  readonly changes: boolean[];
  /** Whether a call may go. */
  readonly lets: () => boolean;
}

function stage(): Stage {
  const clock = new MovableClock();
  const changes: boolean[] = [];
  const breaker: Breaker = new Breaker({ server: 'slow', clock, random: () => 0, callTimeoutMs: () => 60_000, changed: () => changes.push(breaker.isOpen) });
  const lets = (): boolean => {
    try {
      breaker.admit();
      return true;
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'upstream.unavailable', reason: 'circuit_open', effect: 'not_executed', server: 'slow' });
      return false;
    }
  };
  return { clock, breaker, changes, lets };
}

const late = (): Fault => new Fault('upstream.timeout', { server: 'slow' });

function failing({ breaker }: Stage, count: number): void {
  for (let index = 0; index < count; index++) breaker.settled(late());
}

test('five failures in a row open it, an answer in between starts the count anew', () => {
  const stand = stage();
  failing(stand, FAILURES_MAX - 1);
  stand.breaker.settled(undefined);
  failing(stand, FAILURES_MAX - 1);
  expect(stand.lets()).toBe(true);
  failing(stand, 1);
  expect(stand.lets()).toBe(false);
  expect(stand.changes).toEqual([true]);
});

test('a refusal of the server, a broken answer and a cancelled call are no failures', () => {
  const stand = stage();
  failing(stand, FAILURES_MAX - 1);
  stand.breaker.settled(new Fault('request.cancelled'));
  stand.breaker.settled(new Fault('limit.overloaded'));
  stand.breaker.settled(new Fault('upstream.too_large'));
  failing(stand, FAILURES_MAX - 1);
  expect(stand.breaker.isOpen).toBe(false);
});

test('one end of a connection is one failure, however many calls it took along', () => {
  const { breaker } = stage();
  const end = new Fault('upstream.closed');
  for (let index = 0; index < 100; index++) breaker.settled(end);
  expect(breaker.isOpen).toBe(false);
});

test('after its rest exactly one call goes through; its answer closes it, its failure doubles the rest up to eight seconds', async () => {
  const stand = stage();
  failing(stand, FAILURES_MAX);
  for (const restMs of [2_000, 4_000, 8_000, 8_000]) {
    await stand.clock.move(restMs - 1);
    expect(stand.lets()).toBe(false);
    await stand.clock.move(1);
    expect([stand.lets(), stand.lets(), stand.lets()]).toEqual([true, false, false]);
    failing(stand, 1);
  }
  await stand.clock.move(8_000);
  expect(stand.lets()).toBe(true);
  stand.breaker.settled(undefined);
  expect([stand.lets(), stand.lets()]).toEqual([true, true]);
  expect(stand.changes.at(-1)).toBe(false);
});

test('calls from before it opened neither close nor prolong it by their failures', async () => {
  const stand = stage();
  failing(stand, FAILURES_MAX + 50);
  await stand.clock.move(2_000);
  expect(stand.lets()).toBe(true);
});

test('a probe that is cancelled, or never ends, makes room for another', async () => {
  const stand = stage();
  failing(stand, FAILURES_MAX);
  await stand.clock.move(2_000);
  expect(stand.lets()).toBe(true);
  stand.breaker.settled(new Fault('request.cancelled'));
  expect([stand.lets(), stand.lets()]).toEqual([true, false]);
  await stand.clock.move(60_000);
  expect(stand.lets()).toBe(true);
});
