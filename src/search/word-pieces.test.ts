import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WordPieces } from './word-pieces.ts';

const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'un', '##aff', '##able', 'cafe', ',', '天', 'runn', '##ing'];
const pieces = (text: string, idsMax = 64): readonly (string | undefined)[] => new WordPieces(VOCABULARY.join('\n')).encode(text, idsMax).map((id) => VOCABULARY[id]);

test.each([
  ['unaffable', ['un', '##aff', '##able']],
  ['  Café,running\t', ['cafe', ',', 'runn', '##ing']],
  ['天天', ['天', '天']],
  ['unheard', ['[UNK]']],
  ['', []],
])('%j is %j', (text, expected) => {
  expect(pieces(text)).toEqual(['[CLS]', ...expected, '[SEP]']);
});

test('a vocabulary with capitals keeps capitals', () => {
  expect(new WordPieces('[UNK]\n[CLS]\n[SEP]\nParis\nparis').encode('Paris paris', 8)).toEqual([1, 3, 4, 2]);
});

test('no text makes more ids than asked for', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer({ min: 2, max: 20 }), (text, idsMax) => {
    expect(pieces(text, idsMax).length).toBeLessThanOrEqual(idsMax);
  }));
});

test('a vocabulary without its marks is refused', () => {
  expect(() => new WordPieces('a\nb')).toThrow('the vocabulary has no [UNK]');
});
