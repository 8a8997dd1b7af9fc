import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { YoungBound } from './young-generation.ts';

const MB = 1 << 20;

test('it may double where that stays within the bound, and again once it was made smaller', () => {
  const told: number[] = [];
  const bound = new YoungBound((factor) => told.push(factor));
  for (const mb of [2, 4, 32, 33, 48, 64, 128, 2, 32, 64]) bound.collected(mb * MB);
  expect(told).toEqual([1, 2, 1]);
});

/**
 * Fills the heap of a process of its own with what lives for a while, has V8 give back what it can, and fills it again;
 * prints how large its young generation is after each, MB.
 */
async function youngMb(start: string): Promise<Record<'filled' | 'givenBack' | 'filledAgain', number>> {
  const script = `
    import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    import { boundYoungGeneration } from ${JSON.stringify(new URL('./young-generation.ts', import.meta.url).href)};
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const fill = async () => {
      let keep = [];
      for (let made = 0; made < 12_000_000; made++) {
        keep.push({ made, more: [made] });
        if (keep.length > 100_000) { keep = keep.slice(50_000); await new Promise(setImmediate); }
      }
    };
    const youngMb = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / (1 << 20);
    ${start}
    await fill();
    const filled = youngMb();
    collect({ type: 'major', flavor: 'last-resort' });
    const givenBack = youngMb();
    await fill();
    console.log(JSON.stringify({ filled, givenBack, filledAgain: youngMb() }));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout) as Record<'filled' | 'givenBack' | 'filledAgain', number>;
}

test('the young generation stays at 64 MB, where it would grow beyond, and grows again once V8 made it smaller', async () => {
  const [left, bound] = await Promise.all([youngMb(''), youngMb('boundYoungGeneration();')]);
  expect(left.filled).toBe(128);
  expect(bound).toEqual({ filled: 64, givenBack: expect.toSatisfy((mb: number) => mb < 16), filledAgain: expect.toSatisfy((mb: number) => mb > 32 && mb <= 64) });
});
