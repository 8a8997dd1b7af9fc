/**
 * Rows that share the needs of a query among them. Who asks for several things at once is not helped by five rows that
 * all meet the first: a word that rows above explain well counts less for those below (maximal marginal relevance;
 * Carbonell, Goldstein, 1998, by words). The first row stays, and so do those called by name.
 */
import type { FoundTool } from './found-tool.ts';

/** By exposed name: what each word of the query gives the tool by its own fields, in the order the words were said. */
export type OwnScores = ReadonlyMap<string | undefined, Float64Array | undefined>;

/**
 * Part of what a word gives that counts no more, once a row above has as much of it. More for rows of the same server finds
 * more of what one server has, and less of tasks that take several.
 */
const EXPLAINED_SHARE = 0.3;
/** So few words are about one thing. */
const FEW_TERMS = 3;
/** From so many on it counts in full. */
const MANY_TERMS = 6;
/** Rows after these are there for who looks on: by score. */
const ROWS_MAX = 10;
/** Rows looked at for one place. */
const LOOKED_AT_MAX = 25;

/** The same rows; the first `count` of them chosen in turn, the others in the order they were. */
export function spread(rows: readonly FoundTool[], own: OwnScores, count: number): readonly FoundTool[] {
  const termCount = own.get(rows[0]?.tool.exposed)?.length ?? 0;
  const share = EXPLAINED_SHARE * Math.min(1, Math.max(0, (termCount - FEW_TERMS) / (MANY_TERMS - FEW_TERMS)));
  if (share === 0) return rows;
  const none = new Float64Array(termCount);
  const left = rows.map((row): Candidate => ({ row, scores: own.get(row.tool.exposed) ?? none }));
  const chosen: FoundTool[] = [];
  // For each word the most that a chosen row has of it.
  const explained = new Float64Array(termCount);
  while (chosen.length < Math.min(count, ROWS_MAX) && left.length > 0) {
    const isSettled = chosen.length === 0 || left[0]?.row.band === 'exact';
    for (const next of left.splice(isSettled ? 0 : placeOfBest(left, explained, share), 1)) {
      chosen.push(next.row);
      explain(explained, next.scores);
    }
  }
  return [...chosen, ...left.map(({ row }) => row)];
}

interface Candidate {
  readonly row: FoundTool;
  readonly scores: Float64Array;
}

function explain(explained: Float64Array, scores: Float64Array): void {
  for (let term = 0; term < scores.length; term++) explained[term] = Math.max(explained[term] ?? 0, scores[term] ?? 0);
}

/** Of equals the first. */
function placeOfBest(left: readonly Candidate[], explained: Float64Array, share: number): number {
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const [at, { row, scores }] of left.slice(0, LOOKED_AT_MAX).entries()) {
    // What is known only takes away.
    if (row.score <= bestScore) continue;
    const rest = row.score - share * known(scores, explained);
    if (rest <= bestScore) continue;
    best = at;
    bestScore = rest;
  }
  return best;
}

function known(scores: Float64Array, explained: Float64Array): number {
  let sum = 0;
  for (let term = 0; term < scores.length; term++) sum += Math.min(scores[term] ?? 0, explained[term] ?? 0);
  return sum;
}
