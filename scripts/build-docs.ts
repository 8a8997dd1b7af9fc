/**
 * Builds the documentation site: `npm run docs` writes dist/docs, plain pages that any web server serves, from the
 * documents as they are. A document outside of the pages (a proxy's configuration, a source) is copied beside them.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { slugsOf } from './check-docs.ts';
import { API_DOCUMENT, CHAPTERS, DECISIONS, FURTHER } from './docs-pages.ts';

const OUT = 'dist/docs';
const API_PAGE = 'api.html';

/** The part of markdown-it that is used. */
export interface Renderer {
  render(markdown: string): string;
}

interface Page {
  readonly source: string;
  readonly title: string;
  readonly markdown: string;
}

/** `README.md` is the first page; the others lie as they do in the repository. */
export function addressOf(source: string): string {
  return source === 'README.md' ? 'index.html' : source.replace(/^docs\//, '').replace(/\.md$/, '.html');
}

export function listPages(): readonly Page[] {
  const decisions = readdirSync(DECISIONS).filter((name) => name.endsWith('.md')).toSorted().map((name) => `${DECISIONS}/${name}`);
  return [...CHAPTERS.flatMap(({ pages }) => pages), ...FURTHER, ...decisions].map((source) => {
    const markdown = readFileSync(source, 'utf8');
    return { source, markdown, title: /^# (.+)$/m.exec(markdown)?.[1] ?? source };
  });
}

/** Every page by its address, and the files that pages link to by theirs. Throws where a link leads nowhere. */
export function renderSite(pages: readonly Page[], renderer: Renderer): { readonly html: ReadonlyMap<string, string>; readonly files: ReadonlySet<string> } {
  const html = new Map<string, string>();
  const files = new Set<string>();
  const known = new Set(pages.map(({ source }) => source));
  for (const page of pages) {
    const body = withAnchors(renderer.render(page.markdown), slugsOf(page.markdown)).replaceAll(/(href|src)="([^"]+)"/g, (_whole, name: string, target: string) => `${name}="${relink(page.source, target, { known, files })}"`);
    html.set(addressOf(page.source), frame(page, body, pages));
  }
  html.set(API_PAGE, frame({ source: API_DOCUMENT, title: 'Admin API', markdown: '' }, renderer.render(describeApi()), pages));
  return { html, files };
}

function relink(source: string, target: string, { known, files }: { readonly known: ReadonlySet<string>; readonly files: Set<string> }): string {
  if (/^[a-z]+:/.test(target) || target.startsWith('#')) return target;
  const [path = '', anchor] = target.split('#');
  const wanted = normalize(join(dirname(source), path));
  const here = dirname(addressOf(source));
  const suffix = anchor === undefined ? '' : `#${anchor}`;
  if (known.has(wanted)) return relative(here, addressOf(wanted)) + suffix;
  if (wanted === API_DOCUMENT) return relative(here, API_PAGE);
  if (!existsSync(wanted)) throw new Error(`${source}: the link leads nowhere: ${target}`);
  const file = statSync(wanted).isDirectory() ? undefined : wanted;
  if (file === undefined) return `${relative(here, 'index.html')}`;
  files.add(file);
  return relative(here, join('files', file)) + suffix;
}

function withAnchors(html: string, slugs: readonly string[]): string {
  let at = 0;
  return html.replaceAll(/<(h[1-6])>/g, (_whole, tag: string) => `<${tag} id="${slugs[at++] ?? ''}">`);
}

/** A table of operations for each noun, from the OpenAPI document. */
function describeApi(): string {
  const { paths } = JSON.parse(readFileSync(API_DOCUMENT, 'utf8')) as { paths: Record<string, Record<string, { summary?: string; operationId?: string; tags?: readonly string[] }>> };
  const rows = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ noun: operation.tags?.[0] ?? path.split('/')[3] ?? '', line: `| \`${method.toUpperCase()} ${path}\` | ${(operation.summary ?? operation.operationId ?? '').replaceAll('|', '\\|')} |` })));
  const nouns = [...new Set(rows.map(({ noun }) => noun))].toSorted();
  return ['# Admin API', '', 'Every operation. A running gateway shows them with their schemas at `/api/docs`.', '', ...nouns.flatMap((noun) => [`## ${noun}`, '', '| request | does |', '|---|---|', ...rows.filter((row) => row.noun === noun).map(({ line }) => line), ''])].join('\n');
}

function frame(page: Page, body: string, pages: readonly Page[]): string {
  const here = dirname(page.source === API_DOCUMENT ? API_PAGE : addressOf(page.source));
  const link = (target: string, title: string, isHere: boolean): string => `<li><a href="${relative(here, target)}"${isHere ? ' aria-current="page"' : ''}>${escaped(title)}</a></li>`;
  const titleOf = (source: string): string => (source === 'README.md' ? 'Quick start' : (pages.find((one) => one.source === source)?.title ?? source));
  const chapters = CHAPTERS.map(({ title, pages: sources }) => `<h2>${escaped(title)}</h2><ul>${sources.map((source) => link(addressOf(source), titleOf(source), source === page.source)).join('')}</ul>`);
  const reference = `<h2>Reference</h2><ul>${link(API_PAGE, 'Admin API', page.source === API_DOCUMENT)}${pages.filter(({ source }) => source.startsWith(DECISIONS)).map(({ source, title }) => link(addressOf(source), title, source === page.source)).join('')}</ul>`;
  return `<!doctype html>
<html lang="${page.source.endsWith('.zh.md') ? 'zh' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(page.title)}</title><style>${STYLE}</style></head>
<body><nav aria-label="Pages">${chapters.join('')}${reference}</nav><main>${body}</main></body></html>
`;
}

const STYLE =
  'body{margin:0;display:flex;font:16px/1.55 system-ui,sans-serif;color:#1a1a1a;background:#fff}nav{flex:0 0 16rem;height:100vh;position:sticky;top:0;overflow:auto;padding:1rem;background:#f5f5f4;box-sizing:border-box;font-size:.9rem}nav h2{font-size:.8rem;margin:1rem 0 .2rem;color:#555}nav ul{list-style:none;margin:0;padding:0}nav a{color:#1a1a1a;text-decoration:none}nav a[aria-current]{font-weight:700}main{flex:1;min-width:0;max-width:52rem;padding:1rem 2rem 4rem}pre{overflow:auto;background:#f5f5f4;padding:.8rem;border-radius:6px}table{border-collapse:collapse;display:block;overflow:auto}th,td{border:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}img{max-width:100%}a{color:#1f5fbf}@media(max-width:48rem){body{display:block}nav{height:auto;position:static}main{padding:1rem}}@media(prefers-color-scheme:dark){body,nav a{color:#e7e5e4;background:#1c1917}nav,pre{background:#292524}nav a{background:none}nav h2{color:#a8a29e}a{color:#8ab4f8}th,td{border-color:#44403c}img{background:#fff}}';

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** Undefined where the renderer is not installed. */
export async function openRenderer(): Promise<Renderer | undefined> {
  const name: string = 'markdown-it';
  try {
    const { default: MarkdownIt } = (await import(name)) as { default: new (options: object) => Renderer };
    return new MarkdownIt({ html: false, linkify: false });
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const renderer = await openRenderer();
  if (renderer === undefined) {
    console.error('The site needs the package markdown-it.');
    process.exit(1);
  }
  const { html, files } = renderSite(listPages(), renderer);
  rmSync(OUT, { recursive: true, force: true });
  const write = (path: string, put: (target: string) => void): void => {
    const target = join(OUT, path);
    mkdirSync(dirname(target), { recursive: true });
    put(target);
  };
  for (const [path, text] of html) write(path, (target) => writeFileSync(target, text));
  for (const file of files) write(join('files', file), (target) => copyFileSync(file, target));
  console.log(`${html.size} pages in ${OUT}`);
}
