/**
 * Names as phrases: who asks to "create a document, add footnotes" says the names `create_document` and `add_footnote`.
 * A name of several words that stands in a query, word beside word, tells more than its words do one by one.
 */

/** Longer names are not said in one breath. */
const WORDS_MAX = 5;
/** No term has a space. */
const BETWEEN = ' ';

/** The phrase that a name makes of its terms; undefined where it has one alone, or too many. */
export function namePhraseOf(terms: readonly string[]): string | undefined {
  return terms.length > 1 && terms.length <= WORDS_MAX ? terms.join(BETWEEN) : undefined;
}

/** Everything in these terms that could be a name of several words, each once. */
export function phrasesIn(terms: readonly string[]): ReadonlySet<string> {
  const phrases = new Set<string>();
  for (let from = 0; from < terms.length; from++) {
    for (let words = 2; words <= Math.min(WORDS_MAX, terms.length - from); words++) phrases.add(terms.slice(from, from + words).join(BETWEEN));
  }
  return phrases;
}
