/**
 * The search: queries → tools of a view, best first. A pure function of view, request and what was learned: exact and
 * qualified names first, then by score, ties by exposed name, so the same question has the same answer byte for byte.
 */
import { toAlternatives } from './alternatives.ts';
import { exactMatches, findVisible } from './exact-match.ts';
import type { Band, FoundTool, QueryAnswer } from './found-tool.ts';
import type { LearnedTerms } from './learned-terms.ts';
import { rank, type Ranking, SATURATION } from './rank.ts';
import { compareText } from './search-index.ts';
import type { SearchView } from './search-view.ts';
import type { SearchableServer } from './searchable-tool.ts';
import { tokenizeQuery } from './tokenize.ts';

export interface SearchRequest {
  readonly queries: readonly string[];
  /** Only tools of this server, by the name the namespace shows. */
  readonly server: string | undefined;
  readonly limit: number;
  readonly learned: LearnedTerms;
}

const QUERY_TERMS_MAX = 200;
const NEAREST_SERVERS_MAX = 3;
/** Candidates looked at for alternatives and nearest servers, beyond the limit. */
const EXTRA_CANDIDATES = 15;
/** From measurements: unanswerable queries stay below it twice as often as the acceptance asks for. */
const STRONG_MIN = 0.5;
/** What a learned use adds, against the word standing in the tool itself. */
const LEARNED_SHARE = 0.6;

export function search(view: SearchView, request: SearchRequest): readonly QueryAnswer[] {
  return request.queries.map((query) => answerQuery(view, query, request));
}

function answerQuery(view: SearchView, query: string, request: SearchRequest): QueryAnswer {
  const ranking = rank(view, tokenizeQuery(query, QUERY_TERMS_MAX));
  const numbers = new Set(ranking.matched);
  addLearned(view, ranking, { learned: request.learned, numbers });
  const exact = exactMatches(view, query);
  for (const number of exact.keys()) numbers.add(number);
  const bandOf = (number: number): Band => (exact.has(number) ? 'exact' : bandOfScore(view, ranking, ranking.scores[number] ?? 0));
  const candidates = best(view, [...numbers], { ranking, exact, server: request.server, count: request.limit + EXTRA_CANDIDATES });
  const found = toAlternatives(candidates.map((number) => foundTool(view, number, bandOf(number), ranking)));
  const servers = new Set(found.map(({ server }) => server));
  const isWeak = found.every(({ band }) => band === 'weak');
  return { query, found: found.slice(0, request.limit), nearestServers: isWeak ? [...servers].slice(0, NEAREST_SERVERS_MAX) : [] };
}

/**
 * Share of what was asked that the tool meets, times the root of how much that tells in words that only one tool has:
 * one rare word of four says more than one common word of one.
 */
function bandOfScore(view: SearchView, ranking: Ranking, score: number): Band {
  const asked = [...ranking.weights.values()].reduce((sum, weight) => sum + weight, 0) * SATURATION;
  const rarest = Math.log(1 + (view.visibleCount + 0.5) / 0.5);
  return asked > 0 && (score / asked) * Math.sqrt(score / rarest) >= STRONG_MIN ? 'strong' : 'weak';
}

interface Selection {
  readonly ranking: Ranking;
  readonly exact: ReadonlyMap<number, number>;
  readonly server: string | undefined;
  readonly count: number;
}

function best(view: SearchView, numbers: readonly number[], selection: Selection): readonly number[] {
  const { ranking, exact, server, count } = selection;
  const wanted = server?.toLowerCase();
  const isWanted = (number: number): boolean => wanted === undefined || serverOf(view, number)?.name.toLowerCase() === wanted;
  const exposed = (number: number): string => view.index.tool(number)?.tool.exposed ?? '';
  const isBefore = (left: number, right: number): number =>
    (exact.get(right) ?? 0) - (exact.get(left) ?? 0) ||
    (ranking.scores[right] ?? 0) - (ranking.scores[left] ?? 0) ||
    compareText(exposed(left), exposed(right));
  return topOf(numbers.filter(isWanted), count, isBefore);
}

/** The first `count` in order, without sorting the rest. */
function topOf(numbers: readonly number[], count: number, compare: (left: number, right: number) => number): readonly number[] {
  const top: number[] = [];
  for (const number of numbers) {
    const last = top.at(-1);
    if (top.length >= count && last !== undefined && compare(last, number) <= 0) continue;
    let at = top.length;
    while (at > 0 && compare(top[at - 1] ?? number, number) > 0) at--;
    top.splice(at, 0, number);
    if (top.length > count) top.pop();
  }
  return top;
}

function addLearned(view: SearchView, ranking: Ranking, into: { readonly learned: LearnedTerms; readonly numbers: Set<number> }): void {
  for (const [term, weight] of ranking.weights) {
    for (const [exposed, sureness] of into.learned.byTerm.get(term) ?? []) {
      const number = findVisible(view, exposed);
      if (number === undefined) continue;
      ranking.scores[number] = (ranking.scores[number] ?? 0) + LEARNED_SHARE * weight * sureness;
      into.numbers.add(number);
    }
  }
}

function serverOf(view: SearchView, number: number): SearchableServer | undefined {
  const found = view.index.tool(number);
  return found && view.index.parts[found.part]?.server;
}

function foundTool(view: SearchView, number: number, band: Band, ranking: Ranking): FoundTool {
  const tool = view.index.tool(number)?.tool;
  const server = serverOf(view, number);
  if (tool === undefined || server === undefined) throw new RangeError(`no tool has number ${number}`);
  return { tool, server, band, score: ranking.scores[number] ?? 0, alternatives: [] };
}
