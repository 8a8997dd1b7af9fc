import { expect, test } from 'vitest';
import { figuresOf, worseThan } from './baseline.ts';
import type { Row } from './measure.ts';

const row: Row = {
  profile: 'legacy-32',
  target: 'gateway',
  callsPerSecond: 20_000,
  ofFloor: 0.9,
  addedP50Ms: 1,
  addedP99Ms: 2,
  cpuUsPerCall: 50,
  laterUsPerCall: 0,
  cpuOfFloor: 1.25,
  addedP50OfFloor: Number.NaN,
};

test('only figures of the gateway that could be measured are kept', () => {
  const prints = [
    { target: 'gateway', startMs: 300, rssMb: 90 },
    { target: 'floor', startMs: 100, rssMb: 60 },
  ] as const;
  expect(figuresOf([row, { ...row, target: 'floor' }], prints)).toEqual({
    'legacy-32 calls/s of the floor': 0.9,
    'legacy-32 CPU of the floor': 1.25,
    'start of the floor': 3,
    'RSS of the floor': 1.5,
  });
});

test.each([
  ['fewer calls', { 'legacy-32 calls/s of the floor': 0.84 }, 'legacy-32 calls/s of the floor: was 0.9, is 0.84 (7 % worse)'],
  ['more CPU', { 'legacy-32 CPU of the floor': 1.5 }, 'legacy-32 CPU of the floor: was 1.25, is 1.5 (20 % worse)'],
])('%s than 5 % beyond the baseline are told', (_case, change, line) => {
  const baseline = { 'legacy-32 calls/s of the floor': 0.9, 'legacy-32 CPU of the floor': 1.25 };
  expect(worseThan(baseline, { ...baseline, ...change })).toEqual([line]);
});

test('better figures, and a little worse ones, are not told', () => {
  expect(worseThan({ 'a calls/s of the floor': 0.9, 'a CPU of the floor': 1.2 }, { 'a calls/s of the floor': 1.4, 'a CPU of the floor': 1.25 })).toEqual([]);
});

test('a figure that is not measured any more is told', () => {
  expect(worseThan({ 'a CPU of the floor': 1.2 }, {})).toEqual(['a CPU of the floor: was 1.2, was not measured']);
});
