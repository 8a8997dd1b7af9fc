/**
 * Measures the tool search on a folder of data: recall, bands, tokens, and the time of indexing and searching.
 *
 *     node bench/search.ts FOLDER [FOLDER…] [--json]
 *
 * A folder holds `tools.jsonl`, lines of {id, server, name, description, inputSchema, serverDescription}, and
 * `queries.jsonl`, lines of {query, groups: [[id, …], …], kind}: each group is one need, met by any of its ids.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { systemClock } from '../src/base/clock.ts';
import type { JsonObject } from '../src/protocol/messages.ts';
import { evaluate, quantile } from '../src/search/evaluate.ts';
import { NOTHING_LEARNED } from '../src/search/learned-terms.ts';
import { metaToolDefinitions, visibleServers } from '../src/search/meta-tools.ts';
import { search } from '../src/search/search.ts';
import { SearchIndex } from '../src/search/search-index.ts';
import { toSearchReply } from '../src/search/search-reply.ts';
import { createView, type SearchView } from '../src/search/search-view.ts';
import { type ListedTool, type SearchableServer, toSearchableServers } from '../src/search/searchable-tool.ts';
import { estimateTokens } from '../src/search/token-estimate.ts';

const ToolLineSchema = z.object({
  id: z.string(),
  server: z.string(),
  name: z.string(),
  description: z.string().default(''),
  inputSchema: z.record(z.string(), z.json()).default({}),
  serverDescription: z.string().default(''),
});
const QueryLineSchema = z.object({ query: z.string(), groups: z.array(z.array(z.string())), kind: z.string().default('') });

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } });

async function readLines<T>(path: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => schema.parse(JSON.parse(line)));
}

async function readServers(folder: string): Promise<readonly SearchableServer[]> {
  const lines = await readLines(join(folder, 'tools.jsonl'), ToolLineSchema);
  const descriptions = new Map(lines.map(({ server, serverDescription }) => [server, serverDescription]));
  const listed = lines.map(({ id, server, name, description, inputSchema }): ListedTool => {
    const definition: JsonObject = { name: id, description, inputSchema };
    return { exposed: id, own: name, member: { server, as: server }, definition };
  });
  return toSearchableServers(listed, { descriptionOf: (server) => descriptions.get(server) ?? '', keywordsOf: () => [] });
}

/** Milliseconds of the fastest of three: what the work costs where nothing else runs. */
function fastestMs(run: () => void): number {
  const times = [1, 2, 3].map(() => {
    const startMs = systemClock.monotonicMs();
    run();
    return systemClock.monotonicMs() - startMs;
  });
  return Math.min(...times);
}

function searchMs(view: SearchView, query: string): number {
  const startMs = systemClock.monotonicMs();
  search(view, { queries: [query], server: undefined, limit: 5, learned: NOTHING_LEARNED });
  return systemClock.monotonicMs() - startMs;
}

async function measureFolder(folder: string): Promise<Record<string, unknown>> {
  const servers = await readServers(folder);
  const queries = await readLines(join(folder, 'queries.jsonl'), QueryLineSchema);
  const indexMs = fastestMs(() => SearchIndex.of(servers));
  const view = createView(SearchIndex.of(servers), () => true);
  const coldMs = queries.map(({ query }) => searchMs(view, query));
  const warmMs = queries.map(({ query }) => searchMs(view, query));
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
    viewMs: fastestMs(() => createView(view.index, () => true)),
    reindexOneServerMs: fastestMs(() =>
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
