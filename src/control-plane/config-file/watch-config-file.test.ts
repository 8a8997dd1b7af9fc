import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { problemsOf, problemText } from '../../model/config-problem.ts';
import { readConfigFile } from './load-config-file.ts';
import { type ConfigFileWatch, watchConfigFile } from './watch-config-file.ts';

const FIRST = 'servers: { first: { command: x } }\n';
const SECOND = 'servers: { second: { command: x } }\n';

let folder = '';
let watching: ConfigFileWatch | undefined;
let seen: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watch-config-'));
  seen = [];
});

afterEach(async () => {
  watching?.close();
  await rm(folder, { recursive: true });
});

async function start(file: string): Promise<void> {
  watching = await watchConfigFile(file, {
    clock: systemClock,
    currentText: (await readConfigFile(file)).text,
    onChange: ({ document }) => void seen.push(Object.keys(document.servers).join()),
    onInvalid: (fault) => void seen.push(problemsOf(fault).map(problemText).join()),
  });
}

const untilSeen = (expected: string[]): Promise<void> => vi.waitFor(() => expect(seen).toEqual(expected), { timeout: 5000, interval: 20 });

test('a change in place and a save by renaming are both seen, again and again', async () => {
  const file = join(folder, 'metamcp.yaml');
  await writeFile(file, FIRST);
  await start(file);
  await writeFile(file, SECOND);
  await untilSeen(['second']);
  for (const [index, text] of [FIRST, SECOND].entries()) {
    await writeFile(join(folder, '.swap'), text);
    await rename(join(folder, '.swap'), file);
    await untilSeen(['second', 'first', 'second'].slice(0, index + 2));
  }
});

test('an invalid file is told with its places, and the next valid one is taken', async () => {
  const file = join(folder, 'metamcp.yaml');
  await writeFile(file, FIRST);
  await start(file);
  await writeFile(file, 'servers: { first: { comand: x, command: x } }\n');
  await untilSeen(['line 1, column 21: servers.first.comand: unknown key; the nearest known name is "command"']);
  await writeFile(file, SECOND);
  await untilSeen([expect.stringContaining('unknown key'), 'second']);
});

test('a file that was emptied takes nothing away: it is told where it stays so, and the text that follows counts', async () => {
  const file = join(folder, 'metamcp.yaml');
  await writeFile(file, FIRST);
  await start(file);
  await writeFile(file, '');
  await untilSeen([expect.stringContaining('the file is empty')]);
  await writeFile(file, SECOND);
  await untilSeen([expect.stringContaining('the file is empty'), 'second']);
});

test('an edit between reading and watching is not missed', async () => {
  const file = join(folder, 'metamcp.yaml');
  await writeFile(file, SECOND);
  watching = await watchConfigFile(file, { clock: systemClock, currentText: FIRST, onChange: ({ document }) => void seen.push(...Object.keys(document.servers)), onInvalid: (fault) => void seen.push(fault.code) });
  await untilSeen(['second']);
});

test('configuration that is mounted as a link is followed when the link is swapped', async () => {
  for (const [name, text] of [['v1', FIRST], ['v2', SECOND]] as const) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'metamcp.yaml'), text);
  }
  await symlink('v1', join(folder, '..data'));
  await symlink('..data/metamcp.yaml', join(folder, 'metamcp.yaml'));
  await start(join(folder, 'metamcp.yaml'));
  for (const [index, version] of ['v2', 'v1', 'v2'].entries()) {
    await symlink(version, join(folder, '..new'));
    await rename(join(folder, '..new'), join(folder, '..data'));
    await untilSeen(['second', 'first', 'second'].slice(0, index + 1));
  }
});

test('a change of the file that a link leads to is seen', async () => {
  await mkdir(join(folder, 'real'));
  await mkdir(join(folder, 'link'));
  await writeFile(join(folder, 'real/metamcp.yaml'), FIRST);
  await symlink('../real/metamcp.yaml', join(folder, 'link/metamcp.yaml'));
  await start(join(folder, 'link/metamcp.yaml'));
  await writeFile(join(folder, 'real/metamcp.yaml'), SECOND);
  await untilSeen(['second']);
  // The first change may have been found by the look at the start; this one only by an event.
  await writeFile(join(folder, 'real/metamcp.yaml'), FIRST);
  await untilSeen(['second', 'first']);
});

test('what the receiver throws is told as invalid, and watching goes on', async () => {
  const file = join(folder, 'metamcp.yaml');
  await writeFile(file, FIRST);
  let isFirst = true;
  watching = await watchConfigFile(file, {
    clock: systemClock,
    currentText: FIRST,
    onChange: ({ document }) => {
      if (isFirst) {
        isFirst = false;
        throw new Error('refused');
      }
      seen.push(Object.keys(document.servers).join());
    },
    onInvalid: (fault) => void seen.push(fault.code),
  });
  await writeFile(file, SECOND);
  await untilSeen(['gateway.bug']);
  await writeFile(file, FIRST);
  await untilSeen(['gateway.bug', 'first']);
});
