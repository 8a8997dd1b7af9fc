import { expect, test } from 'vitest';
import { relationOf } from './word-relation.ts';

test('a word leads to the stems of all its pairs, each once, never to itself, and to nothing back', () => {
  const relation = relationOf([
    ['cats dogs', 'birds cats'],
    ['cat', 'pigs birds'],
  ]);
  expect(Object.fromEntries(relation)).toEqual({ cat: ['bird', 'pig'], dog: ['bird', 'cat'] });
});
