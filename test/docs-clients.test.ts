/** The pages about MCP clients say what the web pages and `metamcp connect` write, and nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listClientPages, placesOf, SHOWN_REACH } from '../scripts/client-pages.ts';
import { MCP_CLIENT_PROGRAMS, type Reach } from '../src/cli/mcp-clients.ts';
import { SNIPPETS } from '../ui/features/endpoints/snippets.ts';

const FOLDER = join(import.meta.dirname, '../docs/guides/clients');
const INDEX = readFileSync(join(FOLDER, '../clients.md'), 'utf8');
const CLIENTS = listClientPages();

test('each client that the program knows has a page, and each page is of one', () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(CLIENTS.map(({ id }) => `${id}.md`).toSorted());
  for (const { id } of CLIENTS) expect(INDEX).toContain(`(clients/${id}.md)`);
});

describe.each(CLIENTS)('$title', ({ id, title, facts, blocks }) => {
  const text = readFileSync(join(FOLDER, `${id}.md`), 'utf8');

  test('its page has the file on each system, whether to start again, and how to come in', () => {
    expect(text.startsWith(`# ${title}\n`)).toBe(true);
    const table = /^\| \| \|\n\|---\|---\|\n((?:\|.*\n)+)/m.exec(text)?.[1] ?? '';
    expect(table.trimEnd().split('\n')).toEqual(facts);
  });

  test('its page has exactly the entries that the program writes', () => {
    expect([...text.matchAll(/^```\w+ snippet\n.*?^```$/gms)].map(([block]) => block)).toEqual(blocks);
  });

  test('its page tells of metamcp connect where that knows the client, and the list of clients says the same', () => {
    const isKnown = MCP_CLIENT_PROGRAMS.some(({ name }) => name === id);
    expect(text.includes(`\nmetamcp connect ${id}`)).toBe(isKnown);
    expect(INDEX).toMatch(new RegExp(`\\(clients/${id}\\.md\\) \\| ${isKnown ? 'yes' : 'no'} \\|.*\\| ${facts.some((line) => line.includes('quit it')) ? 'yes' : 'no'} \\|`));
  });

  test('its page says what to do when it does not work', () => {
    expect(text).toContain('\n## When it does not work\n');
  });
});

const both = MCP_CLIENT_PROGRAMS.flatMap((program) => SNIPPETS.filter(({ id }) => id === program.name).map((snippet) => ({ name: program.name, program, snippet })));

test.each(both)('metamcp connect and the web pages agree on $name: the file, and the entry with an address', ({ program, snippet }) => {
  if (snippet.file !== undefined) expect(placesOf(program)).toEqual(snippet.file);
  if (!program.speaksHttp || snippet.language !== 'json') return;
  const reach: Reach = { kind: 'http', url: SHOWN_REACH.url, headers: { Authorization: `Bearer ${SHOWN_REACH.key}` } };
  expect({ [program.member]: { [SHOWN_REACH.name]: program.entry(reach) } }).toEqual(JSON.parse(snippet.text(SHOWN_REACH)));
});
