import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('what waits by timers of the clock alone is waited for, and the process ends after it', () => {
  const [clock, awake] = ['../../base/clock.ts', './stay-awake.ts'].map((path) => JSON.stringify(new URL(path, import.meta.url).href));
  const run = (wait: string) => spawnSync(process.execPath, ['--input-type=module', '--eval', `import { sleep, systemClock } from ${clock}; import { stayAwake } from ${awake}; await ${wait}; console.log('over');`], { encoding: 'utf8', timeout: 30_000 });
  expect(run('sleep(systemClock, 50)').stdout).toBe('');
  expect(run('stayAwake(() => sleep(systemClock, 50))')).toMatchObject({ status: 0, stdout: 'over\n' });
}, 60_000);
