import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfinedFiles } from './confined-files.ts';

let outside: string;
let root: string;
let files: ConfinedFiles;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'confined-test-'));
  root = join(outside, 'root');
  mkdirSync(join(root, 'inner'), { recursive: true });
  mkdirSync(`${root}-beside`);
  writeFileSync(join(outside, 'secret'), 'secret');
  writeFileSync(join(`${root}-beside`, 'secret'), 'secret');
  writeFileSync(join(root, 'inner', 'own'), 'own');
  files = new ConfinedFiles({ root, mayWrite: true, newId: () => 'id' });
});
afterEach(() => rmSync(outside, { recursive: true }));

const LINUX = process.platform === 'linux';

test.runIf(LINUX)('files are read, written whole with their folders, listed and removed', async () => {
  await files.write('new/deep/file.txt', 'text');
  expect((await files.read('new/deep/file.txt')).toString()).toBe('text');
  expect((await files.read(join(root, 'inner', 'own'))).toString()).toBe('own');
  expect(await files.list('.')).toMatchObject([{ name: 'inner', kind: 'folder' }, { name: 'new', kind: 'folder' }]);
  await files.remove('new/deep/file.txt');
  expect(await files.list('new/deep')).toEqual([]);
});

test.runIf(LINUX).each(['../secret', '../root-beside/secret', '/etc/passwd', 'inner/../../secret', '..', '/', 'link', 'folder/secret', 'chain', 'inner/\0', 'self', '', 'file/../../secret'])('[ST-14] %j leads to nothing outside of the root', async (path) => {
  symlinkSync(join(outside, 'secret'), join(root, 'link'));
  symlinkSync(outside, join(root, 'folder'));
  symlinkSync('link', join(root, 'chain'));
  symlinkSync('self', join(root, 'self'));
  await expect(files.read(path)).rejects.toThrow();
  await expect(files.write(path, 'changed')).rejects.toThrow();
  await expect(files.remove(path === 'link' || path === 'chain' || path === 'self' ? `${path}/x` : path)).rejects.toThrow();
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  expect(readFileSync(join(`${root}-beside`, 'secret'), 'utf8')).toBe('secret');
});

test.runIf(LINUX)('a link within the root is followed', async () => {
  symlinkSync('inner/own', join(root, 'short'));
  expect((await files.read('short')).toString()).toBe('own');
});

test.runIf(LINUX)('a folder that becomes a link while files are read never shows what lies outside', async () => {
  mkdirSync(join(outside, 'inner'));
  writeFileSync(join(outside, 'inner', 'own'), 'secret');
  const seen = new Set<string>();
  for (let round = 0; round < 200; round++) {
    const reading = files.read('inner/own').then(
      (content) => seen.add(content.toString()),
      () => undefined,
    );
    renameSync(join(root, 'inner'), join(root, 'moved'));
    symlinkSync(join(outside, 'inner'), join(root, 'inner'));
    await reading;
    rmSync(join(root, 'inner'));
    renameSync(join(root, 'moved'), join(root, 'inner'));
  }
  expect([...seen].filter((text) => text !== 'own')).toEqual([]);
});

test('without a root, or without the right to write, nothing happens', async () => {
  await expect(new ConfinedFiles({ root: undefined, mayWrite: true, newId: () => 'id' }).read('a')).rejects.toThrow(/base_dir/);
  await expect(new ConfinedFiles({ root, mayWrite: false, newId: () => 'id' }).write('a', 'b')).rejects.toThrow(/may not write/);
});
