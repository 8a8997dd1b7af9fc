/**
 * The search: queries → tools of a view, best first. A pure function of view, request and what was learned: exact and
 * qualified names first, then by score, ties by exposed name, so the same question has the same answer byte for byte.
 */
import { toAlternatives } from './alternatives.ts';
import { exactMatches, findVisible } from './exact-match.ts';
import type { Band, FoundTool, QueryAnswer } from './found-tool.ts';
import type { LearnedTerms } from './learned-terms.ts';
import { fuse, type NearestTools, NOTHING_NEAR } from './nearest-tools.ts';
import { rank, type Ranking } from './rank.ts';
import { compareText } from './search-index.ts';
import type { SearchView } from './search-view.ts';
import type { SearchableServer } from './searchable-tool.ts';
import { type OwnScores, spread } from './spread.ts';
import { SATURATION } from './term-scores.ts';
import { tokenizeQuery } from './tokenize.ts';

export interface SearchRequest {
  readonly queries: readonly string[];
  /** Only tools of this server, by the name the namespace shows. */
  readonly server: string | undefined;
  readonly limit: number;
  readonly learned: LearnedTerms;
  /** What embeddings find near to the queries; undefined: nothing is asked of them. */
  readonly nearest?: NearestTools | undefined;
}

const QUERY_TERMS_MAX = 200;
const NEAREST_SERVERS_MAX = 3;
/** Candidates looked at for alternatives and nearest servers, beyond the limit. */
const EXTRA_CANDIDATES = 10;
/** From measurements on public tool sets: how much of what was asked a tool must have to be called strong. */
const STRONG_MIN = 0.45;
/** The more tools there are, the more of them resemble a query by chance: beyond so many, it takes more. */
const FEW_TOOLS = 500;
const STRONG_MIN_BY_LOG = 0.12;
const BANDS: readonly Band[] = ['exact', 'strong', 'weak'];
/** What a learned use adds, against the word standing in the tool itself. */
const LEARNED_SHARE = 0.6;
const NO_SCORES = new Float64Array(0);

export function search(view: SearchView, request: SearchRequest): readonly QueryAnswer[] {
  return request.queries.map((query) => answerQuery(view, query, request));
}

function answerQuery(view: SearchView, query: string, request: SearchRequest): QueryAnswer {
  const ranking = rank(view, tokenizeQuery(query, QUERY_TERMS_MAX));
  const learned = addLearned(view, ranking, request.learned);
  const exact = exactMatches(view, query);
  const selection: Selection = { ranking, exact, server: request.server, count: request.limit + EXTRA_CANDIDATES };
  const names = (request.nearest ?? NOTHING_NEAR).get(query) ?? [];
  const candidates = withNearest(view, best(view, learned.length === 0 ? ranking.matched : [...ranking.matched, ...learned], selection), { selection, names });
  const ownScores = ranking.ownScoresOf(candidates);
  const own = new Map(candidates.map((number, at) => [view.index.tool(number)?.tool.exposed, ownScores[at]]));
  const rows = toAlternatives(candidates.map((number) => foundTool(view, number, { isExact: exact.has(number), ranking, own })));
  // What embeddings find has its place by nearness, not by the score of its words.
  const chosen = names.length === 0 ? spread(rows, own, request.limit) : rows;
  const found = [...inBands(chosen.slice(0, request.limit)), ...chosen.slice(request.limit)];
  const servers = new Set(found.map(({ server }) => server));
  const isWeak = found.every(({ band }) => band === 'weak');
  return { query, found: found.slice(0, request.limit), nearestServers: isWeak ? [...servers].slice(0, NEAREST_SERVERS_MAX) : [] };
}

/** Which rows there are is decided before; among them, those that are surer come first. */
function inBands(rows: readonly FoundTool[]): readonly FoundTool[] {
  return rows.toSorted((left, right) => BANDS.indexOf(left.band) - BANDS.indexOf(right.band));
}

/**
 * Share of what was asked that the tool itself meets (what its server is called speaks for all of its tools alike), times
 * the root of how much that tells in words that only one tool has: one rare word of four says more than one common word
 * of one.
 */
function bandOfScore(view: SearchView, ranking: Ranking, score: number): Band {
  const strongMin = STRONG_MIN + STRONG_MIN_BY_LOG * Math.log(Math.max(1, view.visibleCount / FEW_TOOLS));
  const asked = [...ranking.weights.values()].reduce((sum, weight) => sum + weight, 0) * SATURATION;
  const rarest = Math.log(1 + (view.visibleCount + 0.5) / 0.5);
  return asked > 0 && (score / asked) * Math.sqrt(score / rarest) >= strongMin ? 'strong' : 'weak';
}

interface Selection {
  readonly ranking: Ranking;
  readonly exact: ReadonlyMap<number, number>;
  readonly server: string | undefined;
  readonly count: number;
}

/** Exact ones by how directly they were named, then the others; by score, and by exposed name where scores are equal. */
function best(view: SearchView, numbers: readonly number[], selection: Selection): readonly number[] {
  const { ranking, exact, server, count } = selection;
  const isWanted = (number: number): boolean => isOfServer(view, number, server);
  const exposed = (number: number): string => view.index.tool(number)?.tool.exposed ?? '';
  const score = (number: number): number => ranking.scores[number] ?? 0;
  const compare = (left: number, right: number): number => score(right) - score(left) || compareText(exposed(left), exposed(right));
  const named = [...exact.keys()].filter(isWanted).toSorted((left, right) => (exact.get(right) ?? 0) - (exact.get(left) ?? 0) || compare(left, right));
  const top: number[] = [];
  let scoreMin = 0;
  for (const number of numbers) {
    // Nearly all end here, so it stays this cheap.
    if (score(number) < scoreMin || exact.has(number) || !isWanted(number)) continue;
    const at = top.findIndex((other) => compare(number, other) < 0);
    top.splice(at < 0 ? top.length : at, 0, number);
    if (top.length <= count) continue;
    top.pop();
    scoreMin = score(top.at(-1) ?? number);
  }
  return [...named, ...top].slice(0, count);
}

/** Those that were named stay where they are. */
function withNearest(view: SearchView, candidates: readonly number[], { selection, names }: { readonly selection: Selection; readonly names: readonly string[] }): readonly number[] {
  if (names.length === 0) return candidates;
  const { exact, server, count } = selection;
  const near = names.flatMap((name) => findVisible(view, name) ?? []).filter((number) => !exact.has(number) && isOfServer(view, number, server));
  const named = candidates.filter((number) => exact.has(number));
  return [...named, ...fuse(candidates.filter((number) => !exact.has(number)), near)].slice(0, count);
}

/** Returns the tools that only what was learned brings in. */
function addLearned(view: SearchView, ranking: Ranking, learned: LearnedTerms): readonly number[] {
  const added: number[] = [];
  for (const [term, weight] of ranking.weights) {
    for (const [exposed, sureness] of learned.byTerm.get(term) ?? []) {
      const number = findVisible(view, exposed);
      if (number === undefined) continue;
      const before = ranking.scores[number] ?? 0;
      if (before === 0) added.push(number);
      ranking.scores[number] = before + LEARNED_SHARE * weight * sureness;
    }
  }
  return added;
}

function isOfServer(view: SearchView, number: number, server: string | undefined): boolean {
  return server === undefined || serverOf(view, number)?.name.toLowerCase() === server.toLowerCase();
}

function serverOf(view: SearchView, number: number): SearchableServer | undefined {
  const found = view.index.tool(number);
  return found && view.index.parts[found.part]?.server;
}

interface Judged {
  readonly isExact: boolean;
  readonly ranking: Ranking;
  readonly own: OwnScores;
}

function foundTool(view: SearchView, number: number, { isExact, ranking, own }: Judged): FoundTool {
  const tool = view.index.tool(number)?.tool;
  const server = serverOf(view, number);
  if (tool === undefined || server === undefined) throw new RangeError(`no tool has number ${number}`);
  const ownScore = (own.get(tool.exposed) ?? NO_SCORES).reduce((sum, score) => sum + score, 0);
  const band = isExact ? 'exact' : bandOfScore(view, ranking, ownScore);
  return { tool, server, band, score: ranking.scores[number] ?? 0, alternatives: [] };
}
