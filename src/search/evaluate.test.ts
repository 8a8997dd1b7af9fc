import { expect, test } from 'vitest';
import { Fault } from '../base/fault.ts';
import { compareEvaluations, evaluate, type EvaluatedReply } from './evaluate.ts';
import { parseEvaluationCases } from './evaluation-cases.ts';

const cases = parseEvaluationCases('{"query": "issue", "tools": ["a", ["b", "c"]]}\n\n{"query": "file", "tools": ["d"]}\n{"query": "moon", "tools": []}\n');

function finder(replies: Readonly<Record<string, readonly string[]>>, band: EvaluatedReply['band'] = 'strong') {
  return (query: string): EvaluatedReply => ({ ids: replies[query] ?? [], band, tokens: 100 + (replies[query]?.length ?? 0) });
}

test('lines and arrays of queries are read alike', () => {
  expect(cases).toEqual([
    { query: 'issue', needs: [['a'], ['b', 'c']] },
    { query: 'file', needs: [['d']] },
    { query: 'moon', needs: [] },
  ]);
  expect(parseEvaluationCases('[{"query": "file", "tools": ["d"]}]')).toEqual([{ query: 'file', needs: [['d']] }]);
});

test.each([
  ['{"query": "x"', 'Line 1 of the queries is not JSON.'],
  ['{"query": "x", "tools": ["a"]}\n{"query": "y", "tool": "a"}', 'Query 2:'],
])('a file that is not valid is refused with its place: %s', (text, says) => {
  expect(() => parseEvaluationCases(text)).toThrow(Fault);
  expect(() => parseEvaluationCases(text)).toThrow(says);
});

test('recall counts needs, hits count first rows, and answers to the unanswerable are counted', async () => {
  const evaluation = await evaluate(cases, finder({ issue: ['c', 'x', 'y', 'a'], file: ['x', 'd'], moon: ['z'] }));
  expect(evaluation.recallAt).toEqual({ 1: 0.25, 3: 0.75, 5: 1, 10: 1 });
  expect(evaluation.hitAt1).toBe(0.5);
  expect(evaluation.unanswerable).toEqual({ count: 1, strongCount: 1 });
  expect(evaluation.tokens).toEqual({ median: 102, p90: 104 });
  expect(evaluation.cases[0]?.places).toEqual([4, 1]);
});

test('two evaluations are compared query by query, the largest change first', async () => {
  const before = await evaluate(cases, finder({ issue: ['a', 'b'], file: ['x', 'd'] }, 'weak'));
  const after = await evaluate(cases, finder({ issue: ['a'], file: ['d'] }, 'weak'));
  const difference = compareEvaluations(before, after);
  expect(difference.better).toEqual([{ query: 'file', before: 0.5, after: 1 }]);
  expect(difference.worse).toEqual([{ query: 'issue', before: 0.75, after: 0.5 }]);
  expect(difference).toMatchObject({ recallAt5: -0.25, hitAt1: 0.5, medianTokens: 0 - 1 });
});
