/**
 * BM25F: one saturated count per term over all fields of a tool, each field with its weight and length norm
 * (Robertson, Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, section 3.5). A tool that lacks
 * a word but has another word of its concept gets a small credit.
 */
import { RELATED } from './concepts.ts';
import { KINDS_OF } from './kinds.ts';
import { phrasesIn } from './name-phrase.ts';
import type { SearchView } from './search-view.ts';
import { ServerEvidence } from './server-evidence.ts';
import { stem } from './stem.ts';
import { termScoresOf, type TermScores, type ViewScores } from './term-scores.ts';
import { TRANSLATED } from './translations.ts';

/** Credit of a related word against the word itself. More than this helped some sets and hurt others. */
const RELATED_SHARE = 0.1;
/** The same for a word that no tool has: then nothing else speaks for it. */
const RELATED_SHARE_UNSEEN = 0.3;
/**
 * What the best tool of a server adds to the others of it that match: where one tool fits, the rest of a longer need is
 * likely met next to it.
 */
const SERVER_SHARE = 0.1;
/**
 * What a name of several words gives that the query says as a phrase, against a word as rare as the name. Measured on
 * public tool sets: half of it or all of it differ little, none of it finds less in each of them.
 */
const PHRASE_SHARE = 0.5;
/** Credit of the same word in another language: more of it or less differ little. */
const TRANSLATED_SHARE = 0.5;
/** Credit of a word that one slip makes of a word nobody uses. */
const SLIP_SHARE = 0.25;
/** A word that no tool has is what somebody wants looked up: tools that search get this share of what `search` would give. */
const LOOKUP_SHARE = 0.4;
const LOOKUP_TERM = stem('search');
/** Whoever says so asks for such tools anyway. */
const LOOKUP_SAID: readonly string[] = ['search', 'find', 'lookup'].map(stem);

export interface Ranking {
  /** By tool number; 0 where nothing matched or the tool is hidden. */
  readonly scores: Float64Array;
  /** The numbers of the tools with a score, in no order. */
  readonly matched: readonly number[];
  /** The distinct terms of the query and how much each tells, in the order they were said. */
  readonly weights: ReadonlyMap<string, number>;
  /** For each of these tools what each word of `weights` gives it by its own fields alone: without its server's, without related words. */
  readonly ownScoresOf: (numbers: readonly number[]) => readonly Float64Array[];
}

/** Ranks the tools of a view by the terms of a query (see `tokenizeQuery`). */
export function rank(view: SearchView, terms: readonly string[]): Ranking {
  const byTerm = termScoresOf(view);
  const { toolCount, vocabulary } = view.index;
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const sums: Sums = {
    view,
    byTerm,
    scores: new Float64Array(toolCount),
    credits: new Float64Array(toolCount),
    holders: new Int32Array(toolCount),
    matched: [],
    evidence: new ServerEvidence(view.index, counts.size),
  };
  const weights = new Map<string, number>();
  /** Each word speaks once, whether it was asked for or is related to what was. */
  const said = new Set(counts.keys());
  let isLookup = false;
  for (const [term, count] of counts) {
    const held = byTerm.of(term);
    const isSeen = held.numbers.length > 0;
    const slips = isSeen ? [] : vocabulary.nearest(term).filter((each) => byTerm.of(each).numbers.length > 0);
    const asked: Asked = { idf: frequencyWeight(view, held), repetition: Math.sqrt(count), stamp: weights.size + 1, slips, isSeen };
    weights.set(term, asked.idf * asked.repetition);
    addTerm(sums, held, asked);
    sums.evidence.add(held, asked.idf * asked.repetition);
    addRelated(sums, relatedTo(term, asked, said), asked);
    isLookup ||= !isSeen && slips.length === 0;
  }
  addPhrases(sums, terms);
  if (isLookup && !LOOKUP_SAID.some((term) => counts.has(term))) {
    const held = byTerm.of(LOOKUP_TERM);
    addTerm(sums, held, { idf: frequencyWeight(view, held), repetition: LOOKUP_SHARE, stamp: weights.size + 1, slips: [], isSeen: true });
  }
  addServers(sums);
  return { scores: sums.scores, matched: sums.matched, weights, ownScoresOf: (numbers) => ownScores(byTerm, weights, numbers) };
}

function ownScores(byTerm: ViewScores, weights: ReadonlyMap<string, number>, numbers: readonly number[]): readonly Float64Array[] {
  const byTool = numbers.map(() => new Float64Array(weights.size));
  let at = 0;
  for (const [term, weight] of weights) {
    const scores = byTerm.ownScores(term, numbers);
    for (let tool = 0; tool < scores.length; tool++) {
      const own = byTool[tool];
      if (own !== undefined) own[at] = weight * (scores[tool] ?? 0);
    }
    at++;
  }
  return byTool;
}

/** How much a term tells among the visible tools: the rarer, the more. */
function frequencyWeight({ visibleCount }: SearchView, { numbers }: TermScores): number {
  return Math.log(1 + (visibleCount - numbers.length + 0.5) / (numbers.length + 0.5));
}

interface Sums {
  readonly view: SearchView;
  readonly byTerm: ViewScores;
  readonly scores: Float64Array;
  /** Scratch: what related words of the current term give. */
  readonly credits: Float64Array;
  /** Scratch: the stamp of the last term that the tool has itself. */
  readonly holders: Int32Array;
  readonly matched: number[];
  readonly evidence: ServerEvidence;
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

function addTerm(sums: Sums, { numbers, scores }: TermScores, asked: Asked): void {
  const weight = asked.idf * asked.repetition;
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] ?? 0;
    sums.holders[number] = asked.stamp;
    add(sums, number, weight * (scores[at] ?? 0));
  }
}

/** The best related word counts, once, and never for more than the word asked for. */
function addRelated(sums: Sums, words: Iterable<readonly [word: string, share: number]>, asked: Asked): void {
  const { view, byTerm, holders, credits } = sums;
  const touched: number[] = [];
  for (const [related, share] of words) {
    const held = byTerm.of(related);
    const { numbers, scores } = held;
    if (numbers.length === 0) continue;
    const weight = share * asked.repetition * Math.min(asked.idf, frequencyWeight(view, held));
    for (let at = 0; at < numbers.length; at++) {
      const number = numbers[at] ?? 0;
      if (holders[number] === asked.stamp) continue;
      const before = credits[number] ?? 0;
      if (before === 0) touched.push(number);
      const credit = weight * (scores[at] ?? 0);
      if (credit > before) credits[number] = credit;
    }
  }
  for (const number of touched) {
    add(sums, number, credits[number] ?? 0);
    credits[number] = 0;
  }
}

/** Words that stand for one that was asked for; those that spoke already are left out, and the others noted in `said`. */
function relatedTo(term: string, { slips, isSeen }: Asked, said: Set<string>): readonly (readonly [word: string, share: number])[] {
  const share = isSeen ? RELATED_SHARE : RELATED_SHARE_UNSEEN;
  const related: (readonly [word: string, share: number])[] = [];
  const add = (words: readonly string[] | undefined, each: number): void => {
    for (const word of words ?? []) if (!said.has(word)) related.push([word, each]);
  };
  add(TRANSLATED.get(term), TRANSLATED_SHARE);
  add(RELATED.get(term), share);
  add(KINDS_OF.get(term), share);
  for (const [word] of related) said.add(word);
  return [...related, ...slips.map((word) => [word, SLIP_SHARE] as const)];
}

function addPhrases(sums: Sums, terms: readonly string[]): void {
  for (const phrase of phrasesIn(terms)) {
    const held = sums.byTerm.of(phrase);
    if (held.numbers.length === 0) continue;
    const asked: Asked = { idf: frequencyWeight(sums.view, held), repetition: PHRASE_SHARE, stamp: 0, slips: [], isSeen: true };
    addTerm(sums, held, asked);
    sums.evidence.add(held, asked.idf * asked.repetition);
  }
}

function addServers({ view: { index }, scores, matched, evidence }: Sums): void {
  const best = new Float64Array(index.parts.length);
  for (const number of matched) {
    const part = index.partOf(number);
    if ((scores[number] ?? 0) > (best[part] ?? 0)) best[part] = scores[number] ?? 0;
  }
  const shares = best.map((score, part) => SERVER_SHARE * score + evidence.of(part));
  for (const number of matched) scores[number] = (scores[number] ?? 0) + (shares[index.partOf(number)] ?? 0);
}

function add(sums: Sums, number: number, score: number): void {
  const before = sums.scores[number] ?? 0;
  if (before === 0) sums.matched.push(number);
  sums.scores[number] = before + score;
}
