import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock } from './clock.ts';
import { newId } from './ids.ts';

const at = (nowMs: number): Clock => ({ nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} });

test('an id is its prefix and a UUIDv7', () => {
  // RFC 9562 appendix A.6: the example's time and random parts.
  const random = Buffer.from('000000000000fcc318c4dc0c0c07398f', 'hex');
  expect(newId('key', at(0x017f22e279b0), () => random)).toBe('key_017f22e279b07cc398c4dc0c0c07398f');
});

test('ids of later milliseconds sort after those of earlier ones', () => {
  const time = fc.integer({ min: 0, max: 2 ** 48 - 2 });
  fc.assert(
    fc.property(time, time, (one, other) => {
      const [first, second] = [newId('a', at(one)), newId('a', at(other))];
      expect(second).toMatch(/^a_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
      if (one !== other) expect(first < second).toBe(one < other);
    }),
  );
});
