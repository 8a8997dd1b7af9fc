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
  while (at < short.length && short.charCodeAt(at) === long.charCodeAt(at)) at++;
  if (short.length < long.length) return endsAlike(short, at, long, at + 1);
  if (at < short.length && endsAlike(short, at + 1, long, at + 1)) return true;
  return short[at] === long[at + 1] && short[at + 1] === long[at] && endsAlike(short, at + 2, long, at + 2);
}

/** Compared in place: a word nobody uses meets hundreds of others. */
function endsAlike(short: string, fromShort: number, long: string, fromLong: number): boolean {
  let at = 0;
  while (fromShort + at < short.length && short.charCodeAt(fromShort + at) === long.charCodeAt(fromLong + at)) at++;
  return fromShort + at >= short.length;
}
