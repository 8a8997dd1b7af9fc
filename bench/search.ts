/**
 * Measures the tool search on a folder of data: recall, bands, tokens, and the time of indexing and searching.
 *
 *     node bench/search.ts FOLDER [FOLDER…] [--json]
 *
 * A folder holds what search-data.ts reads. Times are processor time of this thread, so that other work on the machine
 * does not count; the clock behind it is coarse, so each query is repeated.
 */
import { parseArgs } from 'node:util';
import { evaluate, quantile } from '../src/search/evaluate.ts';
import { NOTHING_LEARNED } from '../src/search/learned-terms.ts';
import { metaToolDefinitions, visibleServers } from '../src/search/meta-tools.ts';
import { search } from '../src/search/search.ts';
import { SearchIndex } from '../src/search/search-index.ts';
import { toSearchReply } from '../src/search/search-reply.ts';
import { createView, type SearchView } from '../src/search/search-view.ts';
import { estimateTokens } from '../src/search/token-estimate.ts';
import { readQueries, readTools, toServers } from './search-data.ts';

/** Repetitions of one query. */
const REPEATS = 10;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } });

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Milliseconds of the cheapest of three. */
function cheapestMs(run: () => void): number {
  const times = [1, 2, 3].map(() => {
    const startMs = cpuMs();
    run();
    return cpuMs() - startMs;
  });
  return Math.min(...times);
}

/** Of one query, the mean over these views. */
function searchMs(views: readonly SearchView[], query: string): number {
  const startMs = cpuMs();
  for (const view of views) search(view, { queries: [query], server: undefined, limit: 5, learned: NOTHING_LEARNED });
  return (cpuMs() - startMs) / views.length;
}

/** Views of indexes that nobody has searched: as after a change of a list. */
function unsearched(view: SearchView, change: number): readonly SearchView[] {
  const servers = view.index.parts.map(({ server }) => server);
  const [first] = servers;
  if (first === undefined) return [view];
  return Array.from({ length: REPEATS }, (_, at) => createView(SearchIndex.of(servers.with(0, { ...first, description: `${change} ${at}` }), view.index), () => true));
}

async function measureFolder(folder: string): Promise<Record<string, unknown>> {
  const servers = toServers(await readTools(folder));
  const queries = await readQueries(folder);
  const indexMs = cheapestMs(() => SearchIndex.of(servers));
  const view = createView(SearchIndex.of(servers), () => true);
  for (const { query } of queries) searchMs([view], query);
  const warmMs = queries.map(({ query }) => searchMs(Array.from({ length: REPEATS }, () => view), query));
  const coldMs = queries.map(({ query }, at) => searchMs(unsearched(view, at), query));
  const recall: Record<string, unknown> = {};
  for (const kind of new Set(queries.map((each) => each.kind))) {
    const cases = queries.filter((each) => each.kind === kind).map(({ query, groups }) => ({ query, needs: groups }));
    const evaluation = await evaluate(cases, (query) => {
      const answers = search(view, { queries: [query], server: undefined, limit: 10, learned: NOTHING_LEARNED });
      const found = answers.flatMap((answer) => answer.found);
      const five = answers.map((answer) => ({ ...answer, found: answer.found.slice(0, 5) }));
      const { text } = toSearchReply(five, { detail: 'brief', needsSignIn: () => false });
      return { ids: found.map(({ tool }) => tool.exposed), band: found[0]?.band, tokens: estimateTokens(text) };
    });
    const strongCount = evaluation.cases.filter(({ reply }) => reply.band !== 'weak').length;
    recall[kind] = {
      queries: cases.length,
      recallAt: evaluation.recallAt,
      hitAt1: evaluation.hitAt1,
      strongShare: strongCount / cases.length,
      replyTokens: evaluation.tokens,
    };
  }
  const tools = servers.flatMap((server) => server.tools);
  const exactHits = tools.filter(
    ({ exposed }) => search(view, { queries: [exposed], server: undefined, limit: 1, learned: NOTHING_LEARNED })[0]?.found[0]?.tool.exposed === exposed,
  );
  return {
    folder,
    tools: tools.length,
    servers: servers.length,
    indexMs,
    viewMs: cheapestMs(() => createView(view.index, () => true)),
    reindexOneServerMs: cheapestMs(() =>
      SearchIndex.of(servers.with(0, { ...servers[0], name: servers[0]?.name ?? '', tools: [], description: 'changed' }), view.index),
    ),
    coldMs: { p50: quantile(coldMs, 0.5), p95: quantile(coldMs, 0.95) },
    warmMs: { p50: quantile(warmMs, 0.5), p95: quantile(warmMs, 0.95) },
    exactHitAt1: exactHits.length / tools.length,
    metaToolTokens: estimateTokens(JSON.stringify(metaToolDefinitions(visibleServers(view), { searchDescription: undefined, hasOutputSchema: true }))),
    recall,
  };
}

for (const folder of positionals) {
  const figures = await measureFolder(folder);
  process.stdout.write(`${JSON.stringify(figures, undefined, values.json ? 0 : 2)}\n`);
}
if (positionals.length === 0) {
  process.stderr.write('Name a folder with tools.jsonl and queries.jsonl.\n');
  process.exitCode = 2;
}
