import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFindCommand } from './find-command.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-command-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'bin/dir'));
  for (const name of ['tool', 'tool.CMD', 'plain']) await writeFile(join(folder, 'bin', name), '');
  await chmod(join(folder, 'bin/tool'), 0o755);
  await chmod(join(folder, 'bin/tool.CMD'), 0o755);
});

afterAll(() => rm(folder, { recursive: true }));

const nowhere = { cwd: undefined, path: undefined };

test('a bare name is sought along PATH, the one of the server first', () => {
  const find = createFindCommand({ platform: 'linux', path: `/nonexistent:${folder}/bin`, pathExtensions: undefined });
  expect(find('tool', nowhere)).toBe(join(folder, 'bin/tool'));
  expect(find('tool', { cwd: undefined, path: '/nonexistent' })).toBeUndefined();
  expect(find('absent', nowhere)).toBeUndefined();
});

test('folders, files that may not run and relative folders of PATH are passed over', () => {
  const find = createFindCommand({ platform: 'linux', path: `bin:.:${folder}/bin`, pathExtensions: undefined });
  expect(find('dir', nowhere)).toBeUndefined();
  expect(find('plain', nowhere)).toBeUndefined();
});

test('a relative path counts from the working directory of the server', () => {
  const find = createFindCommand({ platform: 'linux', path: '', pathExtensions: undefined });
  expect(find('./bin/tool', { cwd: folder, path: undefined })).toBe(join(folder, 'bin/tool'));
  expect(find(join(folder, 'bin/tool'), nowhere)).toBe(join(folder, 'bin/tool'));
});
