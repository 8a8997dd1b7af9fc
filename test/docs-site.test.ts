/** The documentation site: every document has its place, and every link and anchor in it leads somewhere. */
import { readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { addressOf, listPages, openRenderer, renderSite } from '../scripts/build-docs.ts';
import { listDocuments } from '../scripts/check-docs.ts';

test('every document is a page of the site, once', () => {
  const sources = listPages().map(({ source }) => source);
  expect(sources.toSorted()).toEqual(listDocuments().filter((path) => path !== 'AGENTS.md').toSorted());
  expect(new Set(sources.map(addressOf)).size).toBe(sources.length);
});

test('pages link to pages, files and headings that are there', async ({ skip }) => {
  const renderer = await openRenderer();
  if (renderer === undefined) {
    process.stderr.write('skipped: no markdown-it to build the documentation with\n');
    return skip();
  }
  const { html, files } = renderSite(listPages(), renderer);
  expect(html.size).toBe(listPages().length + 1);
  const broken = [...html].flatMap(([address, text]) =>
    [...text.matchAll(/(?:href|src)="([^"]+)"/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [path = '', anchor] = target.split('#');
      const wanted = path === '' ? address : normalize(join(dirname(address), path));
      const page = html.get(wanted);
      if (page === undefined) return wanted.startsWith('files/') && files.has(wanted.slice('files/'.length)) ? [] : [`${address}: ${target}`];
      return anchor === undefined || page.includes(`id="${anchor}"`) ? [] : [`${address}: ${target}`];
    }),
  );
  expect(broken).toEqual([]);
  expect(html.get('api.html')).toContain('GET /api/v1/servers');
  expect(html.get('index.html')).toContain('<title>MetaMCP</title>');
  expect(readdirSync('docs/adr').every((name) => html.has(`adr/${name.replace('.md', '.html')}`))).toBe(true);
});
