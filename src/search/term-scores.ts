/**
 * What one term gives each tool of a view: its counts over all fields, weighed as one and saturated (BM25F). That is the
 * same for every query, so it is worked out once for a view and term, and kept while there is room.
 */
import type { SearchView } from './search-view.ts';
import { COUNT_BITS, COUNT_MAX } from './server-index.ts';
import { FIELDS } from './tool-fields.ts';

const K1 = 1.2;
/** What a term can give at most, as a multiple of its weight. */
export const SATURATION = K1 + 1;
/** Of one view: numbers and scores kept, twelve bytes each. Decides nothing. */
const KEPT_MIN = 300_000;
const KEPT_PER_TOOL = 40;
/** So many views keep theirs: those that were searched last. */
const VIEWS_MAX = 8;
/** Every field but those that all tools of a server share. */
const OWN_COUNTS = FIELDS.reduce((mask, { isShared }, field) => (isShared ? mask : mask | (COUNT_MAX << (field * COUNT_BITS))), 0);

export interface TermScores {
  /** The visible tools that have the term, rising. */
  readonly numbers: Int32Array;
  /** Of each of them, above 0 and below `SATURATION`. */
  readonly scores: Float64Array;
}

const NOBODY: TermScores = { numbers: new Int32Array(0), scores: new Float64Array(0) };
const known = new WeakMap<SearchView, ViewScores>();
/** These alone may keep anything. */
const recent: ViewScores[] = [];

export function termScoresOf(view: SearchView): ViewScores {
  let scores = known.get(view);
  if (scores === undefined) known.set(view, (scores = new ViewScores(view)));
  if (recent.includes(scores)) return scores;
  recent.push(scores);
  if (recent.length > VIEWS_MAX) recent.shift()?.forget();
  return scores;
}

export class ViewScores {
  readonly #view: SearchView;
  /** For each field two numbers: (1 - b) / weight and b / mean / weight, so that a count is divided by one linear term. */
  readonly #norms: Float64Array;
  readonly #byTerm = new Map<string, TermScores>();
  #kept = 0;

  constructor(view: SearchView) {
    this.#view = view;
    this.#norms = Float64Array.from(FIELDS.flatMap(({ weight, lengthNorm }, field) => [(1 - lengthNorm) / weight, lengthNorm / (view.meanLengths[field] ?? 1) / weight]));
  }

  of(term: string): TermScores {
    const before = this.#byTerm.get(term);
    if (before !== undefined) return before;
    const made = this.#scores(term);
    if (made === NOBODY) return made;
    this.#kept += made.numbers.length;
    if (this.#kept > Math.max(KEPT_MIN, KEPT_PER_TOOL * this.#view.index.toolCount)) this.forget();
    this.#byTerm.set(term, made);
    return made;
  }

  /** What the term gives each of these tools by its own fields alone, without those that all tools of its server share. */
  ownScores(term: string, numbers: readonly number[]): readonly number[] {
    const postings = this.#view.index.postings(term);
    return numbers.map((number) => {
      const counts = countsIn(postings, number) & OWN_COUNTS;
      return counts === 0 ? 0 : this.#saturated(number, counts);
    });
  }

  forget(): void {
    this.#byTerm.clear();
    this.#kept = 0;
  }

  #scores(term: string): TermScores {
    const { index, mask } = this.#view;
    const postings = index.postings(term);
    if (postings.length === 0) return NOBODY;
    const numbers = new Int32Array(postings.length / 2);
    const scores = new Float64Array(postings.length / 2);
    let count = 0;
    for (let at = 0; at < postings.length; at += 2) {
      const number = postings[at] ?? 0;
      if (mask[number] === 0) continue;
      numbers[count] = number;
      scores[count++] = this.#saturated(number, postings[at + 1] ?? 0);
    }
    return count === numbers.length ? { numbers, scores } : { numbers: numbers.slice(0, count), scores: scores.slice(0, count) };
  }

  #saturated(number: number, packed: number): number {
    const { lengths } = this.#view.index;
    const norms = this.#norms;
    const first = number * FIELDS.length;
    let frequency = 0;
    for (let field = 0, rest = packed; rest !== 0; field++, rest >>>= COUNT_BITS) {
      const count = rest & COUNT_MAX;
      if (count > 0) frequency += count / ((norms[field * 2] ?? 1) + (norms[field * 2 + 1] ?? 0) * (lengths[first + field] ?? 0));
    }
    return (SATURATION * frequency) / (K1 + frequency);
  }
}

/** The packed counts of a tool in postings, which rise by number; 0 where it is not among them. */
function countsIn(postings: Int32Array, number: number): number {
  let low = 0;
  let high = postings.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((postings[middle * 2] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return postings[low * 2] === number ? (postings[low * 2 + 1] ?? 0) : 0;
}
