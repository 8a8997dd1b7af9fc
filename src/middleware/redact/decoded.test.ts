import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withDecoding } from './decoded.ts';
import type { Span } from './spans.ts';

const BASE64_RUN = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

/** Finds the whole text, wherever it is not the given one: what was decoded. */
function decodedOnly(given: string): (text: string) => readonly Span[] {
  return (text) => (text === given ? [] : [{ start: 0, end: text.length, kind: 'decoded' }]);
}

test('every run of sixteen letters of base64 is looked behind, and nothing else', () => {
  const piece = fc.oneof(fc.stringMatching(/^[A-Za-z0-9+/_-]{0,20}$/), fc.constantFrom(' ', '=', '\u00e9', '\u4e2d', '\ud83d\ude00', '.', '%'));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('').replaceAll('%', '.');
      const expected = [...text.matchAll(BASE64_RUN)].map((match) => ({ start: match.index, end: match.index + match[0].length, kind: 'decoded' }));
      expect(withDecoding(decodedOnly(text))(text)).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});

test('what stands behind percent signs is found where it came from', () => {
  const text = 'a %73%6b b';
  expect(withDecoding((seen) => (seen.includes('sk') ? [{ start: seen.indexOf('sk'), end: seen.indexOf('sk') + 2, kind: 'key' }] : []))(text)).toEqual([{ start: 2, end: 8, kind: 'key' }]);
});
