import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataFolder } from './data-folder.ts';

let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'metamcp-folder-'));
});

afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

test('a folder that is made or found is closed to every other user', () => {
  const made = join(parent, 'a', 'b');
  lockDataFolder(made).release();
  expect(statSync(made).mode & 0o777).toBe(0o700);

  chmodSync(made, 0o755);
  lockDataFolder(made).release();
  expect(statSync(made).mode & 0o777).toBe(0o700);
});

test('a second gateway on the same folder is refused and told who has it', () => {
  const folder = lockDataFolder(parent);
  expect(() => lockDataFolder(parent)).toThrow(
    expect.objectContaining({ code: 'storage.locked', message: `The data folder ${parent} is in use by the process ${process.pid}.` }),
  );
  folder.release();
  folder.release();
  lockDataFolder(parent).release();
});

test('a file of a gateway that is gone does not lock anybody out', () => {
  writeFileSync(join(parent, 'gateway.pid'), '1\n');
  expect(() => lockDataFolder(parent).release()).not.toThrow();
});

test('a place that cannot be a folder is a clear refusal', () => {
  const file = join(parent, 'file');
  writeFileSync(file, '');
  expect(() => lockDataFolder(file)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
});
