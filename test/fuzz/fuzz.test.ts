/** A short share of what `npm run fuzz` does a million times: the seed is of the day, and is told where something is found. */
import { expect, test } from 'vitest';
import { SEED } from '../faults/seed.ts';
import { runFuzz } from './run-fuzz.ts';

test('three thousand wrong messages, bombs, bytes and documents change no prototype, break nothing and get answers that are JSON-RPC', async () => {
  const { findings, mutants } = await runFuzz({ mutants: 3_000, seed: SEED });
  expect(findings).toEqual([]);
  expect(mutants).toBeGreaterThanOrEqual(3_000);
}, 60_000);

test.each([1, 2_147_000_000])('what was found before stays mended (seed %i)', async (seed) => {
  expect((await runFuzz({ mutants: 500, seed })).findings).toEqual([]);
}, 60_000);
