/**
 * Measures what the tool search finds on folders of data (see search-data.ts): recall for each half of the queries, in
 * catalogues of 257 tools, drawn by whole servers, and how sure it is of queries whose tools are not there.
 *
 *     node bench/search-quality.ts FOLDER [FOLDER…]
 *
 * The halves are told apart by a hash of the query: whoever tunes on `seen` reads the truth from `heldOut`.
 */
import { evaluate } from '../src/search/evaluate.ts';
import { NOTHING_LEARNED } from '../src/search/learned-terms.ts';
import { search } from '../src/search/search.ts';
import { SearchIndex } from '../src/search/search-index.ts';
import { createView, type SearchView } from '../src/search/search-view.ts';
import { type QueryLine, readQueries, readTools, type ToolLine, toServers } from './search-data.ts';
import { answerable, draw, hashOf } from './search-draw.ts';

const SMALL_TOOLS = 257;
const DRAWS = 5;
const UNANSWERABLE = 60;

function viewOf(tools: readonly ToolLine[]): SearchView {
  return createView(SearchIndex.of(toServers(tools)), () => true);
}

async function recallAt5(view: SearchView, queries: readonly QueryLine[]): Promise<{ readonly queries: number; readonly recallAt5: number }> {
  const cases = queries.map(({ query, groups }) => ({ query, needs: groups }));
  const evaluation = await evaluate(cases, (query) => {
    const [answer] = search(view, { queries: [query], server: undefined, limit: 5, learned: NOTHING_LEARNED });
    return { ids: answer?.found.map(({ tool }) => tool.exposed) ?? [], band: answer?.found[0]?.band, tokens: 0 };
  });
  return { queries: cases.length, recallAt5: Number(evaluation.recallAt[5].toFixed(3)) };
}

/** Queries without their tools: how many of them are answered as if something did. */
function unanswerable(tools: readonly ToolLine[], queries: readonly QueryLine[]): { readonly asked: number; readonly strong: number } {
  const asked = queries.toSorted((left, right) => hashOf(left.query).localeCompare(hashOf(right.query))).slice(0, UNANSWERABLE);
  const gone = new Set(asked.flatMap(({ groups }) => groups.flat()));
  const view = viewOf(tools.filter(({ id }) => !gone.has(id)));
  const strong = asked.filter(({ query }) => {
    const [answer] = search(view, { queries: [query], server: undefined, limit: 5, learned: NOTHING_LEARNED });
    return answer?.found.some(({ band }) => band !== 'weak') === true;
  });
  return { asked: asked.length, strong: strong.length };
}

for (const folder of process.argv.slice(2)) {
  const tools = await readTools(folder);
  const all = answerable(await readQueries(folder), tools);
  for (const kind of new Set(all.map((each) => each.kind))) {
    const queries = all.filter((each) => each.kind === kind);
    const isHeldOut = ({ query }: QueryLine): boolean => Number.parseInt(hashOf(query).slice(0, 2), 16) % 2 === 1;
    const view = viewOf(tools);
    const small = [];
    for (let number = 0; number < DRAWS; number++) {
      const drawn = draw({ tools, queries }, SMALL_TOOLS, number);
      small.push({ tools: drawn.tools.length, ...(await recallAt5(viewOf(drawn.tools), drawn.queries)) });
    }
    const figures = {
      folder,
      kind,
      tools: tools.length,
      all: await recallAt5(view, queries),
      seen: await recallAt5(view, queries.filter((each) => !isHeldOut(each))),
      heldOut: await recallAt5(view, queries.filter(isHeldOut)),
      [`of${SMALL_TOOLS}`]: small,
      unanswerable: unanswerable(tools, queries),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
}
