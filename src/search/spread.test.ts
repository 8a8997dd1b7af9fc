import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Band, FoundTool } from './found-tool.ts';
import { spread } from './spread.ts';

interface Sketch {
  readonly name: string;
  readonly score: number;
  readonly own: readonly number[];
  readonly band?: Band;
}

function chosen(sketches: readonly Sketch[], count: number): readonly string[] {
  const rows = sketches.map(({ name, score, band = 'weak' }): FoundTool => {
    const tool = { exposed: name, own: name, definition: {}, keywords: [] };
    return { tool, server: { name: 's', description: '', tools: [tool] }, band, score, alternatives: [] };
  });
  return spread(rows, new Map(sketches.map(({ name, own }) => [name, Float64Array.from(own)])), count).map(({ tool }) => tool.exposed);
}

/** Scores of six words: enough of them for several needs. */
const words = (...scores: readonly number[]): readonly number[] => Array.from({ length: 6 }, (_, at) => scores[at] ?? 0);
const alike = ['a', 'b', 'c'].map((name, at): Sketch => ({ name, score: 10 - at / 10, own: words(5, 5) }));
const other: Sketch = { name: 'other', score: 8, own: words(0, 0, 8) };

test('a row with words that no row above has comes before one more of those that have the same', () => {
  expect(chosen([...alike, other], 2)).toEqual(['a', 'other', 'b', 'c']);
});

test('what says much more stays, though it has the words of rows above', () => {
  expect(chosen([...alike, { ...other, score: 3 }], 3)).toEqual(['a', 'b', 'c', 'other']);
});

test('few words are one need: the order stays', () => {
  const short = [...alike, other].map((sketch) => ({ ...sketch, own: sketch.own.slice(0, 3) }));
  expect(chosen(short, 3)).toEqual(['a', 'b', 'c', 'other']);
});

test('rows called by name keep their places', () => {
  const named = alike.map((sketch) => ({ ...sketch, band: 'exact' as const }));
  expect(chosen([...named, other], 4)).toEqual(['a', 'b', 'c', 'other']);
});

test('only as many rows as are shown are chosen, at most ten; the others stay in order', () => {
  expect(chosen([...alike, other], 1)).toEqual(['a', 'b', 'c', 'other']);
  const many = Array.from({ length: 12 }, (_, at): Sketch => ({ name: `m${at}`, score: 10 - at / 10, own: words(5, 5) }));
  expect(chosen([...many, other], 20).indexOf('other')).toBe(1);
  // The eleventh of the many would come after this one.
  expect(chosen([...many, { ...other, score: 6.05 }], 20)).toEqual([...many.map(({ name }) => name), 'other']);
});

test('the same rows come out, the first stays first, and equal rows stay in order', () => {
  const sketch = fc.record({ score: fc.nat(9), own: fc.array(fc.nat(9), { minLength: 6, maxLength: 6 }) });
  fc.assert(
    fc.property(fc.array(sketch, { maxLength: 30 }), fc.nat(12), (made, count) => {
      const sketches = made.map((each, at) => ({ ...each, name: `t${at}` })).toSorted((left, right) => right.score - left.score);
      const names = chosen(sketches, count);
      expect(names.toSorted()).toEqual(sketches.map(({ name }) => name).toSorted());
      expect(names[0]).toBe(sketches[0]?.name);
      const equal = sketches.map((each) => ({ ...each, score: 1, own: words(1) }));
      expect(chosen(equal, count)).toEqual(equal.map(({ name }) => name));
    }),
  );
});
