import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createLog } from './log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-log-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function messages(file: string): Promise<unknown[]> {
  const text = await readFile(join(folder, 'logs', file), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { msg: unknown }).msg);
}

test('each event is in the file of its level once the log is closed', async () => {
  const log = createLog({ console: 'none', dataFolder: folder, clock: systemClock });
  log.debug('first');
  log.warn('second', { server: 'files' });
  log.error('third');
  await log.close();
  expect(await messages('app.log')).toEqual(['first', 'second']);
  expect(await messages('error.log')).toEqual(['third']);
});

test('what is said after the end does no harm', async () => {
  const log = createLog({ console: 'none', dataFolder: folder, clock: systemClock });
  log.info('in time');
  await log.close();
  log.warn('late');
  log.error('too late');
  expect(await messages('app.log')).toEqual(['in time']);
});
