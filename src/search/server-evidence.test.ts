import { expect, test } from 'vitest';
import { ServerEvidence } from './server-evidence.ts';
import { SearchIndex } from './search-index.ts';

const tool = (exposed: string) => ({ exposed, own: exposed, definition: {}, keywords: [] });
/** Tools 0 and 1 are of the first server, 2 of the second. */
const index = SearchIndex.of([
  { name: 'first', description: '', tools: [tool('a'), tool('b')] },
  { name: 'second', description: '', tools: [tool('c')] },
]);

/** Tools of the first server have a word each, that of the second has the second word as well as they do. */
function noted(termCount: number): ServerEvidence {
  const evidence = new ServerEvidence(index, termCount);
  evidence.add({ numbers: Int32Array.of(0, 1), scores: Float64Array.of(2, 1.5) }, 2);
  evidence.add({ numbers: Int32Array.of(1, 2), scores: Float64Array.of(1, 1) }, 2);
  evidence.add({ numbers: Int32Array.of(), scores: Float64Array.of() }, 2);
  return evidence;
}

test('of each word the best of a server counts, and all words together', () => {
  const evidence = noted(16);
  expect(evidence.of(0)).toBeCloseTo(0.3 * (4 + 2));
  expect(evidence.of(1)).toBeCloseTo(0.3 * 2);
});

test('the more words there are, the more it counts, up to an end', () => {
  expect(noted(12).of(0)).toBeCloseTo(noted(16).of(0) / 2);
  expect(noted(40).of(0)).toBe(noted(16).of(0));
});

test('few words say nothing about servers', () => {
  expect([0, 1].map((part) => noted(8).of(part))).toEqual([0, 0]);
  expect(noted(9).of(0)).toBeGreaterThan(0);
});
