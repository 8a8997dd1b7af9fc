import path from 'node:path';
import { expect, test } from 'vitest';
import { findCommand } from './find-command.ts';

const folder = path.dirname(process.execPath);
const name = path.basename(process.execPath);
const place = { platform: process.platform, environment: { PATH: `/nowhere::${folder}` }, cwd: undefined } as const;

test('a bare name is the first executable file of that name in PATH', () => {
  expect(findCommand(name, place)).toBe(process.execPath);
  expect(findCommand(name, { ...place, environment: {} })).toBeUndefined();
  expect(findCommand('no-such-command-here', place)).toBeUndefined();
});

test('a path is taken from the working folder, never from PATH', () => {
  expect(findCommand(process.execPath, place)).toBe(process.execPath);
  expect(findCommand(`./${name}`, { ...place, cwd: folder })).toBe(process.execPath);
  expect(findCommand(`./${name}`, { ...place, cwd: '/' })).toBeUndefined();
});

test('folders and files without permission are no commands', () => {
  expect(findCommand(folder, place)).toBeUndefined();
  expect(findCommand(import.meta.filename, place)).toBeUndefined();
});
