/** Which words stand for which: lists of words, as they are written, become look-ups by stem. */
import { stem } from './stem.ts';

/** Words with blanks between them, and the words that each of them leads to. */
export type WordPair = readonly [words: string, others: string];

/** By stem: the stems of the others of all its pairs, each once and never itself, in the order they were written. */
export function relationOf(pairs: readonly WordPair[]): ReadonlyMap<string, readonly string[]> {
  const relation = new Map<string, Set<string>>();
  for (const [words, others] of pairs) {
    for (const word of words.split(' ').map(stem)) {
      const found = relation.get(word) ?? new Set();
      for (const other of others.split(' ').map(stem)) if (other !== word) found.add(other);
      relation.set(word, found);
    }
  }
  return new Map([...relation].map(([word, found]) => [word, [...found]]));
}
