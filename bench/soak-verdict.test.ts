import { expect, test } from 'vitest';
import { toSvg } from './soak-plot.ts';
import { judge, regress, type SoakRun, type SoakSample } from './soak-verdict.ts';

const plain = (calls: number, changes: Partial<SoakSample> = {}): SoakSample => ({ calls, atMs: calls, rssBytes: 200e6 + (calls % 7) * 1e5, heapBytes: 50e6 + (calls % 5) * 1e5, descriptors: 60 + (calls % 3), children: 2, sessions: 3, p50Ms: 2, p99Ms: 10 + (calls % 2), ...changes });
function runOf(change: (share: number) => Partial<SoakSample> = () => ({}), more: Partial<SoakRun> = {}): SoakRun {
  const samples = Array.from({ length: 100 }, (_one, index) => plain(index * 5_200, change(index / 100)));
  return { calls: 520_000, warmUpCalls: 0, tookMs: 1, samples, foreignCanaries: 0, failures: {}, record: { isIntact: true, intents: 10, outcomes: 9, unknown: 1 }, ...more };
}
const wrongIn = (run: SoakRun): string[] => judge(run).filter(({ isGood }) => !isGood).map(({ name }) => name);

test('a run in which nothing grows is passed', () => {
  expect(wrongIn(runOf())).toEqual([]);
});

test('what grows while it warms up is not judged, nor is it what the rest is held against', () => {
  const growing = (share: number): Partial<SoakSample> => ({ rssBytes: 200e6 + Math.min(share, 0.5) * 100e6, p99Ms: share < 0.5 ? 5 : 10 });
  expect(wrongIn(runOf(growing, { warmUpCalls: 260_000 }))).toEqual([]);
  expect(wrongIn(runOf(growing))).toEqual(['slope of resident memory', 'p99 of the last quarter']);
});

test.each<[string, SoakRun]>([
  ['slope of heap', runOf((share) => ({ heapBytes: 50e6 + share * 20e6 }))],
  ['slope of resident memory', runOf((share) => ({ rssBytes: 200e6 + share * 20e6 }))],
  ['descriptors', runOf((share) => ({ descriptors: 60 + Math.floor(share * 100) }))],
  ['processes', runOf((share) => ({ children: 2 + Math.floor(share * 10) }))],
  ['p99 of the last quarter', runOf((share) => ({ p99Ms: 10 + share * 5 }))],
  ['foreign canaries', runOf(undefined, { foreignCanaries: 1 })],
  ['failed calls', runOf(undefined, { failures: { '500 -32603': 1 } })],
  ['record intact', runOf(undefined, { record: { isIntact: false, intents: 1, outcomes: 1, unknown: 0 } })],
  ['intents = outcomes + unknown', runOf(undefined, { record: { isIntact: true, intents: 2, outcomes: 1, unknown: 0 } })],
])('%s is found', (name, run) => {
  expect(wrongIn(run)).toEqual([name]);
});

test('a slope is that of the line, with its error', () => {
  const { perCall, errorPerCall } = regress([[0, 1], [1, 3], [2, 5], [3, 7]]);
  expect([perCall, errorPerCall]).toEqual([2, 0]);
});

test('three drawings have their lines', () => {
  const drawn = toSvg(runOf().samples);
  expect(Object.keys(drawn)).toEqual(['memory', 'descriptors', 'latency']);
  for (const text of Object.values(drawn)) expect(text).toMatch(/^<svg .*<polyline .*<\/svg>\n$/s);
});
