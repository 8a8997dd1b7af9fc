import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Vocabulary } from './vocabulary.ts';

function vocabularyOf(...terms: string[]): Vocabulary {
  const vocabulary = new Vocabulary();
  vocabulary.add(terms);
  return vocabulary;
}

test.each([
  ['caculate', 'calculate'],
  ['calcullate', 'calculate'],
  ['calculete', 'calculate'],
  ['claculate', 'calculate'],
])('%s is one slip from %s', (slip, meant) => {
  expect(vocabularyOf(meant).nearest(slip)).toEqual([meant]);
});

test.each(['massages', 'mess', 'nessage', 'messsagge'])('%s is no slip of message', (other) => {
  expect(vocabularyOf('message').nearest(other)).toEqual([]);
});

test('dropping, doubling or swapping letters behind the first is always found again', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 6, maxLength: 12 });
  fc.assert(
    fc.property(word, fc.nat(), (meant, seed) => {
      const at = 1 + (seed % (meant.length - 2));
      const slips = [meant.slice(0, at) + meant.slice(at + 1), meant.slice(0, at) + (meant[at] ?? '') + meant.slice(at), meant.slice(0, at) + (meant[at + 1] ?? '') + (meant[at] ?? '') + meant.slice(at + 2)];
      for (const slip of slips) if (slip !== meant) expect(vocabularyOf(meant).nearest(slip)).toEqual([meant]);
    }),
  );
});
