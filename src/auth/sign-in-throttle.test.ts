import { expect, test } from 'vitest';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import { type Attempt, createSignInThrottle, type SignInThrottle } from './sign-in-throttle.ts';

const attempt = (more: Partial<Attempt> = {}): Attempt => ({ address: '203.0.113.7', name: 'ada@example.com', isKnownDevice: false, ...more });

/** Undefined where the attempt may be made, else the seconds to wait. */
function refused(throttle: SignInThrottle, tried: Attempt): number | undefined {
  try {
    throttle.begin(tried);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    expect(thrown).toMatchObject({ code: 'limit.rate_exceeded', reason: 'sign_in_failures' });
    return thrown.retryAfterSeconds;
  }
}

test('[AD-05] of 10 000 tries, one a second, fewer than thirty are looked at', async () => {
  const clock = new MovableClock();
  const throttle = createSignInThrottle(clock);
  let looked = 0;
  for (let count = 0; count < 10_000; count++) {
    if (refused(throttle, attempt()) === undefined) looked += 1;
    await clock.move(1_000);
  }
  expect(looked).toBeLessThan(30);
}, 30_000);

test('each wait is twice the one before', async () => {
  const clock = new MovableClock();
  const throttle = createSignInThrottle(clock);
  const waits: (number | undefined)[] = [];
  for (let count = 0; count < 9; count++) {
    const wait = refused(throttle, attempt());
    waits.push(wait);
    if (wait === undefined) continue;
    await clock.move(wait * 1_000);
    expect(refused(throttle, attempt())).toBeUndefined();
  }
  expect(waits).toEqual([undefined, undefined, undefined, undefined, undefined, 1, 2, 4, 8]);
});

test('[AD-05] a stranger who goes on and on locks nobody out: not elsewhere, and not a browser that was there before', async () => {
  const clock = new MovableClock();
  const throttle = createSignInThrottle(clock);
  for (let count = 0; count < 50; count++) {
    refused(throttle, attempt());
    await clock.move(100);
  }
  expect(refused(throttle, attempt())).toBeGreaterThan(0);
  expect(refused(throttle, attempt({ address: '198.51.100.4' }))).toBeUndefined();
  expect(refused(throttle, attempt({ isKnownDevice: true }))).toBeUndefined();
});

test('guesses at one user from very many addresses share one allowance, which known devices do not need', () => {
  const throttle = createSignInThrottle(new MovableClock());
  const outcomes = Array.from({ length: 200 }, (_, index) => refused(throttle, attempt({ address: `198.51.100.${index}` })));
  expect(outcomes.filter((wait) => wait === undefined)).toHaveLength(60);
  expect(refused(throttle, attempt({ address: '192.0.2.1', isKnownDevice: true }))).toBeUndefined();
  expect(refused(throttle, attempt({ address: '192.0.2.1', name: 'bob@example.com' }))).toBeUndefined();
});

test('an address that tries one user after the other is slowed down, and all of a /64 is one address', () => {
  const throttle = createSignInThrottle(new MovableClock());
  const outcomes = Array.from({ length: 40 }, (_, index) => refused(throttle, attempt({ name: `user${index}`, address: `2001:db8:0:1::${index.toString(16)}` })));
  expect(outcomes.filter((wait) => wait === undefined)).toHaveLength(30);
  expect(refused(throttle, attempt({ name: 'other', address: '2001:db8:0:2::1' }))).toBeUndefined();
});

test('success forgets the failures before it, and an hour forgets all', async () => {
  const clock = new MovableClock();
  const throttle = createSignInThrottle(clock);
  for (let count = 0; count < 4; count++) refused(throttle, attempt());
  expect(refused(throttle, attempt())).toBeUndefined();
  throttle.succeeded(attempt());
  for (let count = 0; count < 5; count++) expect(refused(throttle, attempt())).toBeUndefined();
  expect(refused(throttle, attempt())).toBe(1);
  await clock.move(3_600_000);
  expect(refused(throttle, attempt())).toBeUndefined();
});
