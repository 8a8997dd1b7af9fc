import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** How often a process of its own collects its old part, where twelve million objects live for long enough to get there, and no longer. */
function collections(isSet: boolean): Promise<number> {
  const script = `
    import { PerformanceObserver, constants } from 'node:perf_hooks';
    import { setHeapFlags } from ${JSON.stringify(new URL('./heap-flags.ts', import.meta.url).href)};
    if (${isSet}) setHeapFlags();
    let count = 0;
    new PerformanceObserver((list) => { for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count++; }).observe({ entryTypes: ['gc'] });
    const ring = new Array(600_000);
    for (let made = 0; made < 12_000_000; made++) {
      ring[made % ring.length] = { made, more: [made] };
      if (made % 100_000 === 0) await new Promise(setImmediate);
    }
    await new Promise(setImmediate);
    console.log(count);
  `;
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]).then(({ stdout }) => Number(stdout));
}

test('the old part of the heap is collected when it has grown by a quarter, not to four times what lives in it', async () => {
  const [left, set] = await Promise.all([collections(false), collections(true)]);
  expect(left).toBeGreaterThan(0);
  expect(set).toBeGreaterThan(1.5 * left);
});
