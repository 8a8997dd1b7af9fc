import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeyedDigest } from './keyed-digest.ts';

const KEY = Buffer.alloc(32, 7);

test('it is SHA-256 of the data and then of the key in hex, for text as for bytes, short or long', () => {
  const digest = createKeyedDigest(KEY);
  const plain = (data: Uint8Array): string => createHash('sha256').update(data).update('07'.repeat(32)).digest('hex');
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 3_000, maxLength: 4_000 }).map((text) => text.repeat(3))), (text) => {
      const bytes = Buffer.from(text);
      expect([digest(text), digest(bytes)]).toEqual([plain(bytes), plain(bytes)]);
    }),
    { numRuns: 50 },
  );
  const edge = randomBytes(8_193);
  expect([digest(edge), digest(edge.subarray(1)), digest(Buffer.alloc(0))]).toEqual([plain(edge), plain(edge.subarray(1)), plain(Buffer.alloc(0))]);
});

test('another key, or other data, is another digest', () => {
  const digest = createKeyedDigest(KEY);
  expect(digest('a')).not.toBe(createKeyedDigest(Buffer.alloc(32, 8))('a'));
  expect(digest('a')).not.toBe(digest('b'));
});
