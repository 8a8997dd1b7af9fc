import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { createFailureThrottle } from './failure-throttle.ts';

function movableClock() {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} };
  return { clock, move: (byMs: number) => (nowMs += byMs) };
}

function refusals(run: () => void, count: number): number {
  let refused = 0;
  for (let at = 0; at < count; at++) {
    try {
      run();
    } catch {
      refused++;
    }
  }
  return refused;
}

test('[AZ-18] after ten thousand guesses all but the free ones were refused', () => {
  const { clock } = movableClock();
  const throttle = createFailureThrottle({ clock, failuresMax: 10, refillMs: 3_000, addressesMax: 10 });
  expect(refusals(() => throttle.failed('1.2.3.4'), 10_000)).toBe(9_990);
  expect(refusals(() => throttle.failed('5.6.7.8'), 10)).toBe(0);
});

test('a failure becomes free again after the time the refusal names', () => {
  const { clock, move } = movableClock();
  const throttle = createFailureThrottle({ clock, failuresMax: 2, refillMs: 3_000, addressesMax: 10 });
  refusals(() => throttle.failed('a'), 2);
  expect(() => throttle.failed('a')).toThrow(expect.objectContaining({ code: 'limit.rate_exceeded', retryAfterSeconds: 3 }));
  move(1_500);
  expect(() => throttle.failed('a')).toThrow(expect.objectContaining({ retryAfterSeconds: 2 }));
  move(1_500);
  expect(() => throttle.failed('a')).not.toThrow();
  expect(() => throttle.failed('a')).toThrow(Fault);
});

test('a flood of addresses forgets the longest silent one, not the busy one', () => {
  const { clock } = movableClock();
  const throttle = createFailureThrottle({ clock, failuresMax: 1, refillMs: 3_000, addressesMax: 2 });
  throttle.failed('quiet');
  throttle.failed('busy');
  expect(() => throttle.failed('busy')).toThrow(Fault);
  throttle.failed('new');
  expect(() => throttle.failed('busy')).toThrow(Fault);
  expect(() => throttle.failed('quiet')).not.toThrow();
});
