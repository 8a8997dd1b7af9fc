import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'metamcp-rotation-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function lines(): string[] {
  const files = readdirSync(folder).toSorted((a, b) => (a.length - b.length) * -1 || (a < b ? 1 : -1));
  return files.flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n')).filter((line) => line !== '');
}

test.each([0, 4_096])('no line is lost or split between files (buffer of %i bytes)', async (bufferBytes) => {
  const file = new RotatingFile({ folder, name: 'app', bytesMax: 1_000, filesMax: 100, bufferBytes });
  const written = Array.from({ length: 200 }, (_, index) => `line ${String(index).padStart(4, '0')} ${'x'.repeat(40)}`);
  for (const line of written) file.write(`${line}\n`);
  await file.close();
  expect(readdirSync(folder).length).toBeGreaterThan(5);
  expect(lines()).toHaveLength(200);
  expect(lines().toSorted()).toEqual(written);
});

test('only so many are kept, and the newest lines are in the file without a number', async () => {
  const file = new RotatingFile({ folder, name: 'error', bytesMax: 100, filesMax: 2, bufferBytes: 0 });
  for (let index = 0; index < 50; index++) file.write(`line ${index} ${'x'.repeat(30)}\n`);
  await file.close();
  expect(readdirSync(folder).toSorted()).toEqual(['error.1.log', 'error.2.log', 'error.log']);
  expect(readFileSync(join(folder, 'error.log'), 'utf8')).toContain('line 49 ');
});

test('a file of the run before counts with its size', async () => {
  const first = new RotatingFile({ folder, name: 'app', bytesMax: 50, filesMax: 1, bufferBytes: 0 });
  first.write(`${'a'.repeat(60)}\n`);
  await first.close();
  const second = new RotatingFile({ folder, name: 'app', bytesMax: 50, filesMax: 1, bufferBytes: 0 });
  second.write('b\n');
  await second.close();
  expect(readFileSync(join(folder, 'app.log'), 'utf8')).toBe('b\n');
});
