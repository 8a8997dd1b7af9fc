/**
 * Measures the tool search as a client meets it: servers in memory that offer the tools of a folder (see search-data.ts),
 * a gateway before them, and `search_tools` over HTTP. Recall in the first five rows, in the whole folder or in draws of
 * at most so many tools by whole servers; exact names; how long an answer takes on the wall.
 *
 *     node bench/search-through-mcp.ts FOLDER [--kind KIND] [--tools 257] [--draws 3]
 */
import { parseArgs } from 'node:util';
import { isObject, type JsonObject } from '../src/protocol/messages.ts';
import { exposedName, safeNames, SEPARATOR } from '../src/protocol/names.ts';
import { quantile } from '../src/search/evaluate.ts';
import { ModernClient } from '../test/bridge/modern-client.ts';
import { legacyScript, type Script } from '../test/support/fake-link.ts';
import { type Plane, startPlane } from '../test/support/start-plane.ts';
import { readQueries, readTools, type ToolLine } from './search-data.ts';
import { draw, hashOf } from './search-draw.ts';

const ROWS = 5;
const NAMES_ASKED = 300;
const { values, positionals } = parseArgs({ allowPositionals: true, options: { kind: { type: 'string' }, tools: { type: 'string' }, draws: { type: 'string', default: '1' } } });

interface Catalogue {
  readonly plane: Plane;
  /** By id of the data: the exposed name. */
  readonly names: ReadonlyMap<string, string>;
}

/** Servers get plain names; what they are called in the data is how they describe themselves, with the rest. */
async function start(tools: readonly ToolLine[]): Promise<Catalogue> {
  const byServer = Map.groupBy(tools, ({ server }) => server);
  const plainNames = new Map([...byServer.keys()].map((server, at) => [server, `${server.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 40).replace(/^-+|-+$/g, '')}-${at}`]));
  const scripts = [...byServer].map(([server, lines]): [string, Script] => {
    const list = lines.map(({ name, description, inputSchema }) => ({ name, description, inputSchema: { ...inputSchema, type: 'object' } }));
    return [plainNames.get(server) ?? '', legacyScript(undefined, () => list)];
  });
  const serverConfig = Object.fromEntries([...byServer].map(([server, [first]]) => [plainNames.get(server) ?? '', { description: (first?.serverDescription ?? '').slice(0, 500) }]));
  const plane = await startPlane({ servers: Object.fromEntries(scripts), serverConfig, endpoint: { discovery: 'search' } });
  const names = new Map<string, string>();
  for (const [server, lines] of byServer) {
    const safe = safeNames(lines.map(({ name }) => name));
    for (const { id, name } of lines) names.set(id, exposedName(plainNames.get(server) ?? '', safe.get(name) ?? name, SEPARATOR));
  }
  return { plane, names };
}

/** The exposed names of the rows, in order of bands. */
async function ask(client: ModernClient, query: string): Promise<readonly string[]> {
  const { response } = await client.request({ method: 'tools/call', params: { name: 'search_tools', arguments: { queries: [query], limit: ROWS } } });
  const result = response?.['result'];
  const structured = isObject(result) && isObject(result['structuredContent']) ? result['structuredContent'] : {};
  return ['exact', 'strong', 'weak'].flatMap((band) => ((structured[band] ?? []) as JsonObject[]).map(({ id }) => String(id)));
}

for (const folder of positionals) {
  const all = await readTools(folder);
  const asked = (await readQueries(folder)).filter(({ kind, groups }) => groups.length > 0 && (values.kind === undefined || kind === values.kind));
  for (let number = 0; number < Number(values.draws); number++) {
    const { tools, queries } = draw({ tools: all, queries: asked }, values.tools === undefined ? all.length : Number(values.tools), number);
    const { plane, names } = await start(tools);
    const client = new ModernClient(plane.url, {});
    const shares: number[] = [];
    const times: number[] = [];
    for (const { query, groups } of queries) {
      const startMs = performance.now();
      const rows = new Set(await ask(client, query));
      times.push(performance.now() - startMs);
      shares.push(groups.filter((group) => group.some((id) => rows.has(names.get(id) ?? ''))).length / groups.length);
    }
    const sample = tools.toSorted((left, right) => hashOf(left.id).localeCompare(hashOf(right.id))).slice(0, NAMES_ASKED);
    const misses: string[] = [];
    for (const { id } of sample) {
      const name = names.get(id) ?? '';
      const [first = ''] = await ask(client, name);
      if (first !== name) misses.push(`${name} → ${first}`);
    }
    const recall = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    process.stdout.write(`${JSON.stringify({ folder, kind: values.kind, draw: number, tools: tools.length, queries: queries.length, recallAt5: Number(recall.toFixed(3)), p95Ms: quantile(times, 0.95), exactNames: `${sample.length - misses.length} of ${sample.length}`, misses: misses.slice(0, 5) })}\n`);
    await plane.stop();
  }
}
process.exit();
