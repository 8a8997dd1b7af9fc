/**
 * Vocabulary: the words that tools use, by beginning and length, so that a word nobody uses finds the one it was meant to
 * be. Grows with the servers of successive indexes; what no tool has any more is found by nobody, since it has no holders.
 */
const WORD = /^[a-z]{5,24}$/;

export class Vocabulary {
  readonly #buckets = new Map<string, Set<string>>();

  add(terms: Iterable<string>): void {
    for (const term of terms) {
      if (!WORD.test(term)) continue;
      const key = bucketOf(term, term.length);
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) this.#buckets.set(key, new Set([term]));
      else bucket.add(term);
    }
  }

  /** Words that are one slip away: a letter too many, too few, another, or two in the wrong order; never the first letter. */
  nearest(term: string): readonly string[] {
    if (!WORD.test(term)) return [];
    const found: string[] = [];
    for (const length of [term.length - 1, term.length, term.length + 1]) {
      for (const known of this.#buckets.get(bucketOf(term, length)) ?? []) if (isOneSlip(term, known)) found.push(known);
    }
    return found;
  }
}

function bucketOf(term: string, length: number): string {
  return `${term[0]}${length}`;
}

function isOneSlip(left: string, right: string): boolean {
  const [short, long] = left.length <= right.length ? [left, right] : [right, left];
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  if (short.slice(at + 1) === long.slice(at + 1)) return at < short.length;
  return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2);
}
