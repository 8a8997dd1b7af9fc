import { expect, test } from 'vitest';
import { SAMPLE_SERVERS } from '../../test/search/sample-servers.ts';
import { MovableClock } from '../../test/support/movable-clock.ts';
import { Fault } from '../base/fault.ts';
import type { EmbeddingsSpec } from '../model/discovery.ts';
import { SearchIndex } from '../search/search-index.ts';
import { createView } from '../search/search-view.ts';
import { type Embed, Embeddings, type VectorStore } from './embeddings.ts';

const SPEC: EmbeddingsSpec = { kind: 'service', url: 'https://models.example/v1/embeddings', model: 'm', dimensions: undefined, headers: {}, patienceMs: 150 };
const ASKING = { spec: SPEC, owner: undefined };
const view = createView(SearchIndex.of(SAMPLE_SERVERS), () => true);
const TOOLS = view.index.toolCount;

/** Direction by the first topic that a text names. */
const toVector = (text: string): Float32Array => Float32Array.from([/mail|letter/i, /weather|umbrella/i, /./].map((topic) => (topic.test(text) ? 2 : 0)));

function storeOf(kept: Map<string, Float32Array>): VectorStore {
  return {
    load: (_model, hashes) => Promise.resolve(new Map(hashes.flatMap((hash) => [...kept].filter(([key]) => key === hash)))),
    save: (_model, vectors) => {
      for (const [hash, vector] of vectors) kept.set(hash, vector);
      return Promise.resolve();
    },
  };
}

interface Options {
  readonly embed?: Embed;
  readonly kept?: Map<string, Float32Array>;
}

function start({ embed = ({ texts }) => Promise.resolve(texts.map(toVector)), kept = new Map() }: Options = {}) {
  const clock = new MovableClock();
  const failed: string[] = [];
  const asked: (readonly string[])[] = [];
  const embeddings = new Embeddings({
    clock,
    embed: (request) => {
      asked.push(request.texts);
      return embed(request);
    },
    store: storeOf(kept),
    failed: (detail) => failed.push(detail),
  });
  return { clock, failed, asked, kept, embeddings };
}

test('the first search asks for the vectors of tools and does not wait for them', async () => {
  const { embeddings, kept } = start();
  expect(await embeddings.nearest(ASKING, view, ['umbrella'])).toEqual(new Map());
  await expect.poll(() => kept.size).toBe(TOOLS);
  const near = (await embeddings.nearest(ASKING, view, ['umbrella'])).get('umbrella');
  expect(near?.slice(0, 2)).toEqual(['weather__getForecast', 'weather__getAlerts']);
});

test('vectors that were kept are not asked for again, and a query is asked for once', async () => {
  const first = start();
  await first.embeddings.nearest(ASKING, view, ['x']);
  await expect.poll(() => first.kept.size).toBe(TOOLS);
  const second = start({ kept: first.kept });
  await expect.poll(async () => (await second.embeddings.nearest(ASKING, view, ['umbrella'])).size).toBe(1);
  await second.embeddings.nearest(ASKING, view, ['umbrella']);
  expect(second.asked).toEqual([['umbrella']]);
});

test('a query waits as long as the configuration has patience, and no longer', async () => {
  let isSilent = false;
  const { embeddings, kept, clock } = start({ embed: ({ texts }) => (isSilent ? new Promise(() => undefined) : Promise.resolve(texts.map(toVector))) });
  await embeddings.nearest(ASKING, view, ['x']);
  await expect.poll(() => kept.size).toBe(TOOLS);
  isSilent = true;
  const waiting = embeddings.nearest(ASKING, view, ['letter']);
  await clock.move(SPEC.patienceMs);
  expect(await waiting).toEqual(new Map());
});

test('what is hidden is near to nothing', async () => {
  const { embeddings, kept } = start();
  await embeddings.nearest(ASKING, view, ['x']);
  await expect.poll(() => kept.size).toBe(TOOLS);
  const some = createView(view.index, (_tool, server) => server !== 'weather');
  expect((await embeddings.nearest(ASKING, some, ['umbrella'])).get('umbrella')?.filter((name) => name.startsWith('weather'))).toEqual([]);
});

test.each([
  ['a service that is away', () => Promise.reject(new Fault('upstream.unavailable', { detail: 'away' })), 'away'],
  ['a service that answers too few', () => Promise.resolve([]), 'expected'],
])('%s is told of once a minute, and searches go on', async (_title, embed, told) => {
  const { embeddings, failed, asked, clock } = start({ embed });
  await embeddings.nearest(ASKING, view, ['x']);
  await expect.poll(() => failed.length).toBe(1);
  expect(failed[0]).toContain(told);
  await embeddings.nearest(ASKING, view, ['x']);
  expect(asked).toHaveLength(1);
  await clock.move(60_000);
  await embeddings.nearest(ASKING, view, ['x']);
  await expect.poll(() => failed.length).toBe(2);
});
