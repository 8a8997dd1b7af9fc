import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../protocol/messages.ts';
import { Interned } from './interned.ts';

test('equal objects become the first of them, others stay apart', () => {
  const interned = new Interned();
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (one, other) => {
      const [first, second] = [interned.of(one as JsonObject), interned.of(other as JsonObject)];
      expect(JSON.stringify([first, second])).toBe(JSON.stringify([one, other]));
      expect(first === second).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test('what is large, or one kind too many, is not kept', () => {
  const interned = new Interned();
  const large = (): JsonObject => ({ name: 'n'.repeat(5_000) });
  expect(interned.of(large())).not.toBe(interned.of(large()));
  const kinds = Array.from({ length: 201 }, (_, kind) => interned.of({ kind }));
  expect(interned.of({ kind: 200 })).toBe(kinds[200]);
  expect(interned.of({ kind: 0 })).not.toBe(kinds[0]);
});
