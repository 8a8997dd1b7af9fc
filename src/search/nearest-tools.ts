/**
 * Tools that embeddings find near to a query, fused with those that its words find: by reciprocal rank (Cormack, Clarke,
 * Büttcher, "Reciprocal Rank Fusion", 2009), words first. Agents write queries in the words of tools, so there nearness
 * alone finds less; it helps where people ask in other words than tools are described in.
 */

/** By query: exposed names, nearest first. */
export type NearestTools = ReadonlyMap<string, readonly string[]>;

export const NOTHING_NEAR: NearestTools = new Map();
/** So many are of use beside what the words find. */
const NEAREST_MAX = 20;

const RANK_OFFSET = 60;
const NEAREST_SHARE = 0.7;

/** Both best first, of tool numbers; those in both come up. Ties keep the order of the words. */
export function fuse(worded: readonly number[], near: readonly number[]): readonly number[] {
  const scores = new Map<number, number>();
  const add = (numbers: readonly number[], share: number): void => {
    for (const [at, number] of numbers.entries()) scores.set(number, (scores.get(number) ?? 0) + share / (RANK_OFFSET + at + 1));
  };
  add(worded, 1);
  add(near, NEAREST_SHARE);
  return [...scores].toSorted(([, left], [, right]) => right - left).map(([number]) => number);
}

/** The places of the greatest scores, at most `NEAREST_MAX`, best first; equal ones in the order they stand in. */
export function placesOfGreatest(scores: Float64Array): readonly number[] {
  const places = Array.from(scores, (score, place) => ({ score, place })).filter(({ score }) => score > 0);
  return places.toSorted((left, right) => right.score - left.score || left.place - right.place).slice(0, NEAREST_MAX).map(({ place }) => place);
}
