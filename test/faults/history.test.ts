import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canaryOf, type Event, type Happened, type Invariant, violations } from './history.ts';

const at = (atMs: number, happened: Happened): Event => ({ ...happened, atMs });
const asked = (atMs: number, request = 'r', principal = 'ann'): Event => at(atMs, { kind: 'asked', request, principal, timeoutMs: 1_000 });
const answered = (atMs: number, request = 'r', text = '', isError = false): Event => at(atMs, { kind: 'answered', request, isError, text });

const WRONG: readonly (readonly [Invariant, string, readonly Event[]])[] = [
  ['I1', 'no end', [asked(0)]],
  ['I1', 'two ends', [asked(0), answered(1), answered(2)]],
  ['I1', 'a late end', [asked(0), answered(3_001)]],
  ['I2', 'no intent', [at(0, { kind: 'arrived', intent: 'a' }), at(1, { kind: 'intended', intent: 'b' })]],
  ['I3', 'a foreign canary', [asked(0), answered(1, 'r', `x ${canaryOf('bob', 1)}`)]],
  ['I4', 'a lost change', [at(0, { kind: 'acknowledged', change: 'c' }), at(1, { kind: 'restarted' })]],
  ['I5', 'a revoked key that works', [at(0, { kind: 'revoked', principal: 'ann' }), asked(5_001), answered(5_002)]],
  ['I6', 'an orphan', [at(0, { kind: 'died', pids: [7] }), at(5_000, { kind: 'running', pids: [7, 8] })]],
  ['I7', 'too many', [at(0, { kind: 'limited', max: 1, seconds: 1 }), asked(0, 'a'), answered(1, 'a'), asked(2, 'b'), answered(3, 'b')]],
  ['I8', 'allowed while down', [at(0, { kind: 'down', part: 'audit' }), asked(1), answered(2), at(3, { kind: 'up', part: 'audit' })]],
  ['I9', 'grown memory', [at(0, { kind: 'memory', rssBytes: 100, heapBytes: 1 }), at(1, { kind: 'faultBegins' }), at(2, { kind: 'memory', rssBytes: 151, heapBytes: 1 })]],
  ['I10', 'errors after the fault', [at(0, { kind: 'faultBegins' }), at(1, { kind: 'faultEnds' }), asked(10_002), answered(10_003, 'r', '', true)]],
  ['I10', 'slowness after the fault', [asked(0, 'a'), answered(1, 'a'), at(2, { kind: 'faultBegins' }), at(3, { kind: 'faultEnds' }), asked(10_004), answered(10_104)]],
];

test.each(WRONG)('%s is violated by %s', (invariant, _what, events) => {
  expect(violations(events).map((found) => found.invariant)).toEqual([invariant]);
});

test('a run in which everybody gets the own answer once and in time has no violation, in whatever order', () => {
  const calls = fc.array(fc.record({ principal: fc.constantFrom('ann', 'bob', 'cid'), atMs: fc.nat(1_000), tookMs: fc.nat(1_000), isError: fc.boolean() }), { maxLength: 50 });
  fc.assert(
    fc.property(calls, (all) => {
      const events = all.flatMap(({ principal, atMs, tookMs, isError }, index) => [asked(atMs, `r${index}`, principal), answered(atMs + tookMs, `r${index}`, canaryOf(principal, 1), isError)]);
      expect(violations(events.sort((a, b) => a.atMs - b.atMs))).toEqual([]);
    }),
  );
});
