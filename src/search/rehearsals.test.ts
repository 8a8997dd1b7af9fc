import { expect, test } from 'vitest';
import { SAMPLE_SERVERS } from '../../test/search/sample-servers.ts';
import { NOTHING_LEARNED } from './learned-terms.ts';
import { rehearsalQueries, rehearse } from './rehearsals.ts';
import { search } from './search.ts';
import { SearchIndex } from './search-index.ts';
import { createView } from './search-view.ts';

test('rehearsals are searches that find something, in servers from the first to the last', () => {
  const index = SearchIndex.of(SAMPLE_SERVERS);
  const view = createView(index, () => true);
  const queries = rehearsalQueries(index);
  const first = queries.map((query) => search(view, { queries: [query], server: undefined, limit: 1, learned: NOTHING_LEARNED })[0]?.found[0]?.server.name);
  expect(new Set(first)).toEqual(new Set(SAMPLE_SERVERS.filter(({ tools }) => tools.length > 0).map(({ name }) => name)));
  for (const query of queries) expect(rehearse(view, query)).toBeUndefined();
});

test('where there is nothing to search in, nothing is rehearsed', () => {
  expect(rehearsalQueries(SearchIndex.of([]))).toEqual([]);
});
