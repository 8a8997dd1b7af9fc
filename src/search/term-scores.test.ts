/** What is kept between queries decides nothing. */
import { expect, test } from 'vitest';
import { SAMPLE_QUERIES, SAMPLE_SERVERS } from '../../test/search/sample-servers.ts';
import { NOTHING_LEARNED } from './learned-terms.ts';
import { search } from './search.ts';
import { SearchIndex } from './search-index.ts';
import { createView, type SearchView } from './search-view.ts';
import { SATURATION, termScoresOf } from './term-scores.ts';

const index = SearchIndex.of(SAMPLE_SERVERS);
const answers = (view: SearchView) => search(view, { queries: SAMPLE_QUERIES, server: undefined, limit: 5, learned: NOTHING_LEARNED });

test('the same view answers alike the first time, the second time, and after many others were searched', () => {
  const view = createView(index, () => true);
  const first = answers(view);
  expect(answers(view)).toEqual(first);
  for (let other = 0; other < 20; other++) answers(createView(index, ({ exposed }) => exposed.length % 20 !== other));
  expect(answers(view)).toEqual(first);
});

test('a view keeps a bounded number of scores', () => {
  const words = Array.from({ length: 400 }, (_, number) => `w${number}`);
  const tools = Array.from({ length: 1_000 }, (_, number) => ({ exposed: `s__t${number}`, own: `t${number}`, definition: { description: words.join(' ') }, keywords: [] }));
  const scores = termScoresOf(createView(SearchIndex.of([{ name: 's', description: '', tools }]), () => true));
  const before = scores.of('w0');
  expect(scores.of('w0')).toBe(before);
  for (const word of words) scores.of(word);
  const after = scores.of('w0');
  expect(after).not.toBe(before);
  expect(after).toEqual(before);
});

test('a hidden tool has no score, and a score says how often and where a term stands', () => {
  const all = termScoresOf(createView(index, () => true)).of('issu');
  const some = termScoresOf(createView(index, ({ own }) => own !== 'list_issues')).of('issu');
  expect(all.numbers.length - some.numbers.length).toBe(1);
  for (const score of all.scores) {
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(SATURATION);
  }
});
