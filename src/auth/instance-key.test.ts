import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRandom } from '../base/ids.ts';
import { openInstanceKey } from './instance-key.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'metamcp-instance-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('the key is made once, is 32 bytes, and is closed to every other user', () => {
  const first = openInstanceKey(folder, systemRandom);
  const file = join(folder, 'instance.key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file)).toHaveLength(32);
  expect(openInstanceKey(folder, systemRandom)).toEqual(first);
});

test('pepper, sealing key and check value are three different things, none of them the key itself', () => {
  const { pepper, sealing, check } = openInstanceKey(folder, systemRandom);
  const file = readFileSync(join(folder, 'instance.key')).toString('hex');
  expect(new Set([Buffer.from(pepper).toString('hex'), Buffer.from(sealing).toString('hex'), check, file]).size).toBe(4);
});

test('a file that is no key is refused, never replaced', () => {
  const file = join(folder, 'instance.key');
  writeFileSync(file, 'short');
  expect(() => openInstanceKey(folder, systemRandom)).toThrow(expect.objectContaining({ code: 'storage.secret_unreadable' }));
  expect(readFileSync(file, 'utf8')).toBe('short');
});

test('derived keys stay what they were in earlier versions', () => {
  writeFileSync(join(folder, 'instance.key'), Buffer.alloc(32, 1));
  const { pepper, sealing, check } = openInstanceKey(folder, systemRandom);
  expect([pepper, sealing].map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual([
    'd4b2e7dda0bf41198081b181519f7e86af2cc4d311b429788db431f913507f75',
    'f9a077736ef7406ad95995498a80c51d9d0be42a78f9585781eb14e9398048a4',
  ]);
  expect(check).toBe('2ab7decdf0eeb7665488214485850e32f75007fd7a563984b0e8438a3f29c3c3');
});
