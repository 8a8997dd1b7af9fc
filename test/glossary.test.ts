import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = dirname(import.meta.dirname);

/** The words that docs/glossary.md lists at its end, so that the list is written once. */
function unwantedWords(): string[] {
  const list = /Looked for in exported names: ([^.]+)\./.exec(readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8'))?.[1] ?? '';
  return list.split(',').map((word) => word.trim());
}

/** `file: Name` of everything that a source file exports. */
function exportedNames(): string[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));
  return files.flatMap((path) => {
    const text = readFileSync(join(ROOT, 'src', path), 'utf8');
    return [...text.matchAll(/^export (?:async )?(?:function\*?|class|const|let|interface|type) (\w+)/gm)].map((match) => `${path}: ${match[1]}`);
  });
}

/** `FetchAgentOptions` → fetch, agent, options. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[\s_]+/);
}

test('exported names use the words of the glossary', () => {
  const unwanted = new Set(unwantedWords().flatMap((word) => [word, `${word}s`]));
  expect(unwanted.size).toBeGreaterThan(20);
  const names = exportedNames();
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((entry) => wordsOf(entry.split(': ')[1] ?? '').some((word) => unwanted.has(word)))).toEqual([]);
});
