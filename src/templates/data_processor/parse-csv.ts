/** CSV as RFC 4180 has it: quoted fields may hold delimiters, line ends and doubled quotes. */
import { ToolRefusal } from '../../serving/tool.ts';

/** Fields that read as numbers become numbers. Refuses an unfinished quote and a text without header. */
export function parseCsv(text: string, delimiter: string): Record<string, string | number>[] {
  const [header, ...rows] = toRows(text, delimiter);
  if (header === undefined) throw new ToolRefusal('The text has no line that names the fields');
  return rows.map((row) => Object.fromEntries(header.map((name, at) => [name, toValue(row[at] ?? '')])));
}

function toRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const { value, end } = text[at] === '"' ? quoted(text, at) : plain(text, at, delimiter);
    row.push(value);
    at = end;
    if (text[at] === delimiter) {
      at += 1;
      if (at === text.length) row.push('');
      else continue;
    }
    if (text.startsWith('\r\n', at)) at += 2;
    else if (text[at] === '\n') at += 1;
    else if (at < text.length) throw new ToolRefusal(`Unexpected ${JSON.stringify(text[at])} after a quoted field`);
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

interface Field {
  readonly value: string;
  readonly end: number;
}

function plain(text: string, start: number, delimiter: string): Field {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n') end += 1;
  const cut = text[end] === '\n' && text[end - 1] === '\r' ? end - 1 : end;
  return { value: text.slice(start, cut), end: cut };
}

function quoted(text: string, start: number): Field {
  let value = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new ToolRefusal('A quote has no end');
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}

function toValue(text: string): string | number {
  return /^-?\d{1,15}(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
