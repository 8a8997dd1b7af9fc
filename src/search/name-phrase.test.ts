/** Names of several words, said as phrases. */
import { expect, test } from 'vitest';
import { namePhraseOf, phrasesIn } from './name-phrase.ts';

test.each<[string[], string | undefined]>([
  [['creat', 'document'], 'creat document'],
  [['search'], undefined],
  [[], undefined],
  [['a', 'b', 'c', 'd', 'e'], 'a b c d e'],
  [['a', 'b', 'c', 'd', 'e', 'f'], undefined],
])('the phrase of the name %j is %s', (terms, phrase) => {
  expect(namePhraseOf(terms)).toBe(phrase);
});

test('a query says every run of two to five of its words, each once', () => {
  expect([...phrasesIn(['add', 'tabl', 'add', 'tabl'])]).toEqual(['add tabl', 'add tabl add', 'add tabl add tabl', 'tabl add', 'tabl add tabl']);
  expect(phrasesIn(['alone']).size).toBe(0);
  expect(phrasesIn(Array.from({ length: 200 }, (_, at) => `w${at}`)).size).toBe(199 + 198 + 197 + 196);
});
