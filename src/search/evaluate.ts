/**
 * Evaluation: how well a search finds what it should, as figures that a team can compare before and after it renames,
 * describes or hides tools. It knows no transport: what searches is an argument.
 */
import type { Band } from './found-tool.ts';
import type { EvaluationCase } from './evaluation-cases.ts';

/** One search: ids, best first, the band of the best, and what the reply cost. */
export interface EvaluatedReply {
  readonly ids: readonly string[];
  readonly band: Band | undefined;
  readonly tokens: number;
}

export type FindTools = (query: string) => EvaluatedReply | Promise<EvaluatedReply>;

export interface CaseResult extends EvaluationCase {
  readonly reply: EvaluatedReply;
  /** For each need its place in the reply, from 1; undefined where it is not there. */
  readonly places: readonly (number | undefined)[];
}

export interface Evaluation {
  readonly cases: readonly CaseResult[];
  /** Share of needs met within the first rows, mean over queries that have needs. */
  readonly recallAt: Readonly<Record<1 | 3 | 5 | 10, number>>;
  /** Share of queries whose first row meets a need. */
  readonly hitAt1: number;
  /** Of the queries that nothing should answer: how many there are, and how many were answered as if something did. */
  readonly unanswerable: { readonly count: number; readonly strongCount: number };
  readonly tokens: { readonly median: number; readonly p90: number };
}

export interface EvaluationChange {
  readonly query: string;
  /** Mean of 1/place over the needs, before and after. */
  readonly before: number;
  readonly after: number;
}

export interface EvaluationDifference {
  readonly recallAt5: number;
  readonly hitAt1: number;
  readonly medianTokens: number;
  /** Queries that got better or worse, the largest change first. */
  readonly better: readonly EvaluationChange[];
  readonly worse: readonly EvaluationChange[];
}

export async function evaluate(cases: readonly EvaluationCase[], find: FindTools): Promise<Evaluation> {
  const results: CaseResult[] = [];
  for (const each of cases) {
    const reply = await find(each.query);
    results.push({ ...each, reply, places: each.needs.map((need) => placeOf(need, reply.ids)) });
  }
  const answerable = results.filter(({ needs }) => needs.length > 0);
  const recall = (rows: number): number => mean(answerable.map(({ places }) => mean(places.map((place) => (place !== undefined && place <= rows ? 1 : 0)))));
  const unanswerable = results.filter(({ needs }) => needs.length === 0);
  const tokens = results.map(({ reply }) => reply.tokens);
  return {
    cases: results,
    recallAt: { 1: recall(1), 3: recall(3), 5: recall(5), 10: recall(10) },
    hitAt1: mean(answerable.map(({ places }) => (places.includes(1) ? 1 : 0))),
    unanswerable: { count: unanswerable.length, strongCount: unanswerable.filter(({ reply }) => reply.band === 'strong' || reply.band === 'exact').length },
    tokens: { median: quantile(tokens, 0.5), p90: quantile(tokens, 0.9) },
  };
}

/** Both over the same cases; queries that are in one only are left out. */
export function compareEvaluations(before: Evaluation, after: Evaluation): EvaluationDifference {
  const earlier = new Map(before.cases.map((result) => [result.query, result]));
  const changes: EvaluationChange[] = [];
  for (const result of after.cases) {
    const former = earlier.get(result.query);
    if (former !== undefined) changes.push({ query: result.query, before: reciprocalPlace(former), after: reciprocalPlace(result) });
  }
  const byGain = changes.toSorted((left, right) => right.after - right.before - (left.after - left.before));
  return {
    recallAt5: after.recallAt[5] - before.recallAt[5],
    hitAt1: after.hitAt1 - before.hitAt1,
    medianTokens: after.tokens.median - before.tokens.median,
    better: byGain.filter((change) => change.after > change.before),
    worse: byGain.filter((change) => change.after < change.before).toReversed(),
  };
}

function placeOf(need: readonly string[], ids: readonly string[]): number | undefined {
  const at = ids.findIndex((id) => need.includes(id));
  return at < 0 ? undefined : at + 1;
}

function reciprocalPlace({ places }: CaseResult): number {
  return mean(places.map((place) => (place === undefined ? 0 : 1 / place)));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The nearest value at or above the share; 0 of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
