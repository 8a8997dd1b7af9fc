/** The Chinese README is the English one in other words: the same headings, blocks, tables, links and code marks in the same order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const [english, chinese] = ['README.md', 'README.zh.md'].map((name) => readFileSync(join(import.meta.dirname, '..', name), 'utf8')) as [string, string];

/** What stands outside of blocks. */
const prose = (text: string): string => text.replaceAll(/^```.*?^```$/gms, '');

test('it has the same headings, tables and lists', () => {
  const shape = (text: string): string[] => prose(text).split('\n').flatMap((line) => (/^#+ /.exec(line) ?? /^- /.exec(line) ?? (line.startsWith('|') ? [`table of ${line.split('|').length - 2}`] : undefined) ?? []).slice(0, 1));
  expect(shape(chinese)).toEqual(shape(english));
});

test('it has the same blocks, to the letter', () => {
  const blocks = (text: string): string[] => [...text.matchAll(/^```.*?^```$/gms)].map(([block]) => block);
  expect(blocks(chinese)).toEqual(blocks(english));
  expect(blocks(chinese).length).toBeGreaterThan(4);
});

test('it links to the same pages and names the same commands, settings and files', () => {
  const links = (text: string): string[] => [...prose(text).matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target ?? '').filter((target) => !target.startsWith('README'));
  const marks = (text: string): string[] => [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, mark]) => mark ?? '');
  expect(links(chinese)).toEqual(links(english));
  expect(marks(chinese)).toEqual(marks(english));
});

test('its sentences are Chinese', () => {
  const sentences = prose(chinese).split('\n').filter((line) => !line.startsWith('|') && line.replaceAll(/\[[^\]]*\]\([^)]*\)|`[^`]*`/g, '').trim().length > 40);
  expect(sentences.filter((line) => !/\p{Script=Han}/u.test(line))).toEqual([]);
});
