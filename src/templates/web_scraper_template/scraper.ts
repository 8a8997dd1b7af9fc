/** Web pages, read without running anything of them. */
import type { JsonObject } from '../../protocol/messages.ts';
import { objectSchema, type Tool } from '../../serving/tool.ts';
import type { CreateTools, WebAnswer } from '../template-tools.ts';
import { linksOf, tablesOf, titleOf, toText } from './page-text.ts';

const TEXT_CHARS_MAX = 50_000;
const url = { type: 'string', maxLength: 8_000, description: 'Absolute http or https address' } as const;

export const createTools: CreateTools = ({ web }) => [
  page('scrape_page', 'Title, text and links of a page.', { title: { type: 'string' }, text: { type: 'string' }, links: { type: 'array', items: { type: 'object' } } }, (answer) => ({ title: titleOf(answer.text), text: toText(answer.text).slice(0, TEXT_CHARS_MAX), links: linksOf(answer.text, answer.url) })),
  page('extract_text', 'The text of a page, without markup.', { text: { type: 'string' } }, (answer) => ({ text: toText(answer.text).slice(0, TEXT_CHARS_MAX) })),
  page('extract_links', 'Where a page links to, as absolute addresses.', { links: { type: 'array', items: { type: 'object' } } }, (answer) => ({ links: linksOf(answer.text, answer.url) })),
  page('extract_tables', 'The tables of a page as rows of cells.', { tables: { type: 'array', items: { type: 'array' } } }, (answer) => ({ tables: tablesOf(answer.text) })),
].map((make) => make(web));

function page(name: string, description: string, output: JsonObject, read: (answer: WebAnswer) => JsonObject): (web: (url: string) => Promise<WebAnswer>) => Tool {
  return (web) => ({
    name,
    title: name.replaceAll('_', ' '),
    description,
    inputSchema: objectSchema({ url }),
    outputSchema: objectSchema({ url: { type: 'string' }, status: { type: 'integer' }, ...output }),
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    run: async (given) => {
      const answer = await web(String(given['url']));
      return { url: answer.url, status: answer.status, ...read(answer) };
    },
  });
}
