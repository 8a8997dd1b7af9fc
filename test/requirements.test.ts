import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { REQUIREMENTS, UNPROVEN_MAX } from './requirements.ts';

const ROOT = dirname(import.meta.dirname);

/** Ids that stand in brackets in test files: what the tests say they prove. */
function citedIds(): Set<string> {
  const files = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.ts'))
      .map((path) => join(ROOT, folder, path)),
  );
  const others = files.filter((path) => path !== import.meta.filename);
  return new Set(others.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/\[([A-Z]{2,3}-\d{2,3})\]/g)].map((match) => match[1] ?? '')));
}

const cited = citedIds();

test('promises that no test cites grow fewer, never more', () => {
  const unproven = REQUIREMENTS.filter(({ id, notYet }) => notYet === undefined && !cited.has(id)).map(({ id }) => id);
  expect(unproven.length, unproven.join(' ')).toBeLessThanOrEqual(UNPROVEN_MAX);
});

test('no promise says "not yet" while a test cites it', () => {
  const overtaken = REQUIREMENTS.filter(({ id, notYet }) => notYet !== undefined && cited.has(id)).map(({ id }) => id);
  expect(overtaken).toEqual([]);
});

test('ids are unique, and every cited id of their groups is a promise', () => {
  const ids = REQUIREMENTS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const groups = new Set(ids.map((id) => id.split('-')[0]));
  expect([...cited].filter((id) => groups.has(id.split('-')[0]) && !ids.includes(id))).toEqual([]);
});
