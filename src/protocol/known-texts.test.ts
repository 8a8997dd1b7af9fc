import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownTexts } from './known-texts.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '_'), minLength: 1, maxLength: 3 });

test('finds what it knows wherever it lies, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 8 }), name, fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), (texts, sought, before, after) => {
      const bytes = Buffer.from(`${before}${sought}${after}`);
      const start = Buffer.byteLength(before);
      expect(new KnownTexts(texts).find(bytes, start, start + sought.length)).toBe(texts.includes(sought) ? sought : undefined);
    }),
  );
});

test('what reaches beyond the bytes is not known', () => {
  expect(new KnownTexts(['id']).find(Buffer.from('i'), 0, 2)).toBeUndefined();
});
