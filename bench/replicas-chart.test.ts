import { expect, test } from 'vitest';
import { curvesOf, drawModel, fullAt, type ScalingModel } from './replicas-chart.ts';

const model: ScalingModel = {
  beats: [
    { gateways: 10, beatsPerSecond: 1_000 },
    { gateways: 100, beatsPerSecond: 1_000 },
    { gateways: 1_000, beatsPerSecond: 100 },
  ],
  sessionsPerSecond: 4_000,
  notices: [{ listeners: 80, noticesPerSecond: 100, lateMs: 10 }],
  limitsPerSecond: 50_000,
};

test('the share of a store is what gateways ask of it by what it takes, and it is full where the two meet', () => {
  const [heartbeats, notices, limits, sessions] = curvesOf(model);
  if (heartbeats === undefined || notices === undefined || limits === undefined || sessions === undefined) throw new Error('four curves');
  expect(heartbeats.points).toEqual([[10, 0.01], [100, 0.1], [1_000, 10]]);
  expect(fullAt(heartbeats)).toBe(316);
  expect(notices.points[2]).toEqual([1_000, 12.5]);
  expect(fullAt(limits)).toBe(500);
  expect(fullAt(sessions)).toBeUndefined();
});

test('the drawing has every curve and is one', () => {
  const svg = drawModel(model);
  expect(svg.match(/<polyline/g)).toHaveLength(4);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg".*<\/svg>\n$/s);
  expect(svg).not.toContain('NaN');
});
