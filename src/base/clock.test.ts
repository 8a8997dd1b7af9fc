import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const CLOCK = new URL('./clock.ts', import.meta.url).href;

/** The exit code of a process that waits; 13: it ended in the midst of that. */
function codeOf(script: string): number | null {
  return spawnSync(process.execPath, ['--input-type=module', '--eval', `import { keepAlive, sleep, systemClock } from '${CLOCK}'; ${script}`], { timeout: 20_000, stdio: 'ignore' }).status;
}

test('a timer of the clock does not keep a process alive, and what does is bounded', () => {
  expect(codeOf('await sleep(systemClock, 20);')).toBe(13);
  expect(codeOf('const letGo = keepAlive(15_000); await sleep(systemClock, 20); letGo();')).toBe(0);
  expect(codeOf('keepAlive(20); await new Promise(() => undefined);')).toBe(13);
});
