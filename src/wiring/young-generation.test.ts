import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Fills the heap of a process of its own with what lives for a while; prints how large its young generation was at most, MB. */
function youngMb(isBound: boolean): Promise<number> {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { boundYoungGeneration } from ${JSON.stringify(new URL('./young-generation.ts', import.meta.url).href)};
    let look;
    if (${isBound}) boundYoungGeneration({ after: (_delayMs, run) => { look = run; return () => undefined; } });
    let keep = [];
    for (let made = 0; made < 12_000_000; made++) {
      keep.push({ made, more: [made] });
      if (keep.length > 100_000) { keep = keep.slice(50_000); look?.(); }
    }
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / (1 << 20));
  `;
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]).then(({ stdout }) => Number(stdout));
}

test('the young generation stays at 64 MB, where it would grow to twice that', async () => {
  expect(await Promise.all([youngMb(false), youngMb(true)])).toEqual([128, 64]);
});
