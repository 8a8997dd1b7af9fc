/**
 * BM25F: one saturated count per term over all fields of a tool, each field with its weight and length norm
 * (Robertson, Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, section 3.5). A tool that lacks
 * a word but has another word of its concept gets a small credit.
 */
import { RELATED } from './concepts.ts';
import { KINDS_OF } from './kinds.ts';
import type { SearchView } from './search-view.ts';
import { COUNT_BITS, COUNT_MAX } from './server-index.ts';
import { stem } from './stem.ts';
import { FIELDS } from './tool-fields.ts';

const K1 = 1.2;
/** What a term can give at most, as a multiple of its weight. */
export const SATURATION = K1 + 1;
/** Credit of a related word against the word itself. More than this helped some sets and hurt others. */
const RELATED_SHARE = 0.1;
/** The same for a word that no tool has: then nothing else speaks for it. */
const RELATED_SHARE_UNSEEN = 0.3;
/**
 * What the best tool of a server adds to the others of it that match: where one tool fits, the rest of a longer need is
 * likely met next to it.
 */
const SERVER_SHARE = 0.1;
/** Credit of a word that one slip makes of a word nobody uses. */
const SLIP_SHARE = 0.25;
/** A word that no tool has is what somebody wants looked up: tools that search get this share of what `search` would give. */
const LOOKUP_SHARE = 0.4;
const LOOKUP_TERM = stem('search');
/** Whoever says so asks for such tools anyway. */
const LOOKUP_SAID: readonly string[] = ['search', 'find', 'lookup'].map(stem);
/** Every field but those that all tools of a server share. */
const OWN_COUNTS = FIELDS.reduce((mask, { isShared }, field) => (isShared ? mask : mask | (COUNT_MAX << (field * COUNT_BITS))), 0);

export interface Ranking {
  /** By tool number; 0 where nothing matched or the tool is hidden. */
  readonly scores: Float64Array;
  /** The numbers of the tools with a score, in no order. */
  readonly matched: readonly number[];
  /** The distinct terms of the query and how much each tells, in the order they were said. */
  readonly weights: ReadonlyMap<string, number>;
  /** What the words of the query give a tool by its own fields alone, without its server's and without related words. */
  readonly ownScoreOf: (number: number) => number;
}

/** Ranks the tools of a view by the terms of a query (see `tokenizeQuery`). */
export function rank(view: SearchView, terms: readonly string[]): Ranking {
  const sums: Sums = {
    view,
    norms: fieldNorms(view),
    scores: new Float64Array(view.index.toolCount),
    credits: new Float64Array(view.index.toolCount),
    holders: new Int32Array(view.index.toolCount),
    matched: [],
  };
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const weights = new Map<string, number>();
  let isLookup = false;
  for (const [term, count] of counts) {
    const holders = visibleHolders(view, view.index.postings(term));
    const slips = holders > 0 ? [] : view.index.vocabulary.nearest(term).filter((each) => visibleHolders(view, view.index.postings(each)) > 0);
    const asked: Asked = { idf: frequencyWeight(view, holders), repetition: Math.sqrt(count), stamp: weights.size + 1, slips, isSeen: holders > 0 };
    weights.set(term, asked.idf * asked.repetition);
    addTerm(sums, term, asked);
    addRelated(sums, term, asked);
    isLookup ||= holders === 0 && slips.length === 0;
  }
  if (isLookup && !LOOKUP_SAID.some((term) => counts.has(term))) {
    addTerm(sums, LOOKUP_TERM, { idf: inverseFrequency(view, LOOKUP_TERM), repetition: LOOKUP_SHARE, stamp: weights.size + 1, slips: [], isSeen: true });
  }
  addServers(sums);
  return { scores: sums.scores, matched: sums.matched, weights, ownScoreOf: (number) => ownScore(sums, weights, number) };
}

function ownScore(sums: Sums, weights: ReadonlyMap<string, number>, number: number): number {
  let score = 0;
  for (const [term, weight] of weights) score += weight * saturated(sums, number, countsIn(sums.view.index.postings(term), number) & OWN_COUNTS);
  return score;
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

/** How much a term tells among the visible tools: the rarer, the more. */
export function inverseFrequency(view: SearchView, term: string): number {
  return frequencyWeight(view, visibleHolders(view, view.index.postings(term)));
}

function frequencyWeight({ visibleCount }: SearchView, holders: number): number {
  return Math.log(1 + (visibleCount - holders + 0.5) / (holders + 0.5));
}

interface Sums {
  readonly view: SearchView;
  readonly norms: Float64Array;
  readonly scores: Float64Array;
  /** Scratch: what related words of the current term give. */
  readonly credits: Float64Array;
  /** Scratch: the stamp of the last term that the tool has itself. */
  readonly holders: Int32Array;
  readonly matched: number[];
}

interface Asked {
  readonly idf: number;
  readonly repetition: number;
  readonly stamp: number;
  /** Words that one slip makes of it, where nobody uses it itself. */
  readonly slips: readonly string[];
  /** Some tool has the word itself. */
  readonly isSeen: boolean;
}

function addTerm(sums: Sums, term: string, asked: Asked): void {
  const { view, holders } = sums;
  const postings = view.index.postings(term);
  const weight = asked.idf * asked.repetition;
  for (let at = 0; at < postings.length; at += 2) {
    const number = postings[at] ?? 0;
    if (view.mask[number] === 0) continue;
    holders[number] = asked.stamp;
    add(sums, number, weight * saturated(sums, number, postings[at + 1] ?? 0));
  }
}

/** The best related word counts, once, and never for more than the word asked for. */
function addRelated(sums: Sums, term: string, asked: Asked): void {
  const { view, holders, credits } = sums;
  const touched: number[] = [];
  for (const [related, share] of relatedTo(term, asked)) {
    const postings = view.index.postings(related);
    if (postings.length === 0) continue;
    const weight = share * asked.repetition * Math.min(asked.idf, inverseFrequency(view, related));
    for (let at = 0; at < postings.length; at += 2) {
      const number = postings[at] ?? 0;
      if (view.mask[number] === 0 || holders[number] === asked.stamp) continue;
      const before = credits[number] ?? 0;
      if (before === 0) touched.push(number);
      const credit = weight * saturated(sums, number, postings[at + 1] ?? 0);
      if (credit > before) credits[number] = credit;
    }
  }
  for (const number of touched) {
    add(sums, number, credits[number] ?? 0);
    credits[number] = 0;
  }
}

function relatedTo(term: string, { slips, isSeen }: Asked): readonly (readonly [string, number])[] {
  const share = isSeen ? RELATED_SHARE : RELATED_SHARE_UNSEEN;
  const related = [...(RELATED.get(term) ?? []), ...(KINDS_OF.get(term) ?? [])];
  return [...related.map((each) => [each, share] as const), ...slips.map((each) => [each, SLIP_SHARE] as const)];
}

function addServers({ view: { index }, scores, matched }: Sums): void {
  const best = new Float64Array(index.parts.length);
  const parts = matched.map((number) => index.partOf(number));
  for (const [at, number] of matched.entries()) best[parts[at] ?? 0] = Math.max(best[parts[at] ?? 0] ?? 0, scores[number] ?? 0);
  for (const [at, number] of matched.entries()) scores[number] = (scores[number] ?? 0) + SERVER_SHARE * (best[parts[at] ?? 0] ?? 0);
}

function add(sums: Sums, number: number, score: number): void {
  const before = sums.scores[number] ?? 0;
  if (before === 0) sums.matched.push(number);
  sums.scores[number] = before + score;
}

function visibleHolders(view: SearchView, postings: Int32Array): number {
  if (view.visibleCount === view.index.toolCount) return postings.length / 2;
  let holders = 0;
  for (let at = 0; at < postings.length; at += 2) holders += view.mask[postings[at] ?? 0] ?? 0;
  return holders;
}

/** The counts of all fields, weighed as one, between 0 and `SATURATION`. */
function saturated({ view, norms }: Sums, number: number, packed: number): number {
  const { lengths } = view.index;
  const first = number * FIELDS.length;
  let frequency = 0;
  for (let field = 0, rest = packed; rest !== 0; field++, rest >>>= COUNT_BITS) {
    const count = rest & COUNT_MAX;
    if (count > 0) frequency += count / ((norms[field * 2] ?? 1) + (norms[field * 2 + 1] ?? 0) * (lengths[first + field] ?? 0));
  }
  return (SATURATION * frequency) / (K1 + frequency);
}

/** For each field two numbers: (1 - b) / weight and b / mean / weight, so that a count is divided by one linear term. */
function fieldNorms(view: SearchView): Float64Array {
  const norms = FIELDS.flatMap(({ weight, lengthNorm }, field) => [(1 - lengthNorm) / weight, lengthNorm / (view.meanLengths[field] ?? 1) / weight]);
  return Float64Array.from(norms);
}
