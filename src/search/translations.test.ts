import { expect, test } from 'vitest';
import { NOTHING_LEARNED } from './learned-terms.ts';
import { search } from './search.ts';
import { SearchIndex } from './search-index.ts';
import { createView } from './search-view.ts';
import { tokenize } from './tokenize.ts';
import { TRANSLATED } from './translations.ts';

const tool = (exposed: string, description: string) => ({ exposed, own: exposed, definition: { description }, keywords: [] });

function ids(query: string, ...tools: readonly ReturnType<typeof tool>[]): readonly string[] {
  const view = createView(SearchIndex.of([{ name: 's', description: '', tools }]), () => true);
  const [answer] = search(view, { queries: [query], server: undefined, limit: 5, learned: NOTHING_LEARNED });
  return answer?.found.map(({ tool: { exposed } }) => exposed) ?? [];
}

test('each word of it is one term, so that it can be found', () => {
  for (const [word, others] of TRANSLATED) for (const term of [word, ...others]) expect(tokenize(term)).toEqual([term]);
});

test('what is asked in English finds a tool described in Chinese, and the other way round', () => {
  const tools = [tool('a1', '查询城市的天气预报'), tool('a2', '播放一首歌曲'), tool('b1', 'Shows the weather'), tool('b2', 'Plays a song')];
  expect(ids('weather', ...tools)).toEqual(['b1', 'a1']);
  expect(ids('天气', ...tools)).toEqual(['a1', 'b1']);
  expect(ids('歌曲', ...tools)).toEqual(['a2', 'b2']);
});

test('a word that a tool has itself is not counted in both languages', () => {
  const [both, one] = [tool('t', 'weather 天气'), tool('t', 'weather 您好')].map((each) => {
    const view = createView(SearchIndex.of([{ name: 's', description: '', tools: [each, tool('other', '天气')] }]), () => true);
    const [answer] = search(view, { queries: ['weather'], server: undefined, limit: 1, learned: NOTHING_LEARNED });
    return answer?.found[0]?.score;
  });
  expect(both).toBeGreaterThan(0);
  expect(both).toBe(one);
});
