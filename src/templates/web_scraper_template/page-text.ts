/** What a person would read of an HTML page. A scan of tags, linear in the length of the page; nothing is run. */

interface Piece {
  /** Lower case; empty for text. */
  readonly tag: string;
  readonly isEnd: boolean;
  /** Of a tag: what stands between its name and its end; of a text: the text. */
  readonly text: string;
}

const SKIPPED: ReadonlySet<string> = new Set(['script', 'style', 'noscript', 'template', 'svg', 'head']);
const BLOCKS: ReadonlySet<string> = new Set(['p', 'div', 'br', 'li', 'ul', 'ol', 'tr', 'table', 'section', 'article', 'header', 'footer', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'hr']);
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', ndash: '–', mdash: '—', hellip: '…', copy: '©' };
const LINKS_MAX = 1_000;

export function toText(html: string): string {
  let text = '';
  for (const piece of pieces(html, SKIPPED)) text += piece.tag === '' ? decode(piece.text).replace(/\s+/g, ' ') : BLOCKS.has(piece.tag) ? '\n' : '';
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

export function titleOf(html: string): string {
  return textWithin(html, 'title');
}

export function linksOf(html: string, base: string): { readonly url: string; readonly text: string }[] {
  const links: { url: string; text: string }[] = [];
  let open: { url: string; text: string } | undefined;
  for (const piece of pieces(html, SKIPPED)) {
    if (piece.tag === 'a') {
      const target = piece.isEnd ? undefined : URL.parse(decode(attribute(piece.text, 'href') ?? ''), base);
      open = target?.protocol === 'http:' || target?.protocol === 'https:' ? { url: target.href, text: '' } : undefined;
      if (open !== undefined && links.push(open) >= LINKS_MAX) return links;
    } else if (piece.tag === '' && open !== undefined) open.text = `${open.text}${decode(piece.text)}`.replace(/\s+/g, ' ').trim();
  }
  return links;
}

export function tablesOf(html: string): string[][][] {
  const tables: string[][][] = [];
  let isInCell = false;
  for (const { tag, isEnd, text } of pieces(html, SKIPPED)) {
    const table = tables.at(-1);
    if (tag === 'table' && !isEnd) tables.push([]);
    else if (tag === 'tr' && !isEnd) table?.push([]);
    else if (tag === 'td' || tag === 'th') {
      isInCell = !isEnd;
      if (isInCell) table?.at(-1)?.push('');
    } else if (tag === '' && isInCell) addToCell(table?.at(-1), text);
  }
  return tables;
}

function addToCell(row: string[] | undefined, text: string): void {
  if (row !== undefined && row.length > 0) row[row.length - 1] = `${row.at(-1) ?? ''}${decode(text)}`.replace(/\s+/g, ' ').trim();
}

function textWithin(html: string, wanted: string): string {
  let isInside = false;
  let text = '';
  for (const { tag, isEnd, text: said } of pieces(html, new Set(['script', 'style']))) {
    if (tag === wanted && isEnd) break;
    if (tag === wanted) isInside = true;
    else if (tag === '' && isInside) text += decode(said);
  }
  return text.replace(/\s+/g, ' ').trim();
}

function* pieces(html: string, skipped: ReadonlySet<string>): Generator<Piece> {
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) return yield { tag: '', isEnd: false, text: html.slice(at) };
    if (open > at) yield { tag: '', isEnd: false, text: html.slice(at, open) };
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    const close = html.indexOf('>', open);
    if (close < 0) return;
    const [, slash, name = '', rest = ''] = /^(\/?)([A-Za-z][A-Za-z0-9-]*)?([\s\S]*)$/.exec(html.slice(open + 1, close)) ?? [];
    const tag = name.toLowerCase();
    at = close + 1;
    if (skipped.has(tag) && slash === '' && !rest.endsWith('/')) at = endOf(html, tag, at);
    else if (tag !== '') yield { tag, isEnd: slash === '/', text: rest };
  }
}

function endOf(html: string, tag: string, from: number): number {
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    if (html.slice(at + 2, at + 2 + tag.length).toLowerCase() === tag) return html.indexOf('>', at) + 1 || html.length;
  }
  return html.length;
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag);
  return found?.[1] ?? found?.[2] ?? found?.[3];
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal?: string, hex?: string, entity?: string) => {
    if (entity !== undefined) return ENTITIES[entity.toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
