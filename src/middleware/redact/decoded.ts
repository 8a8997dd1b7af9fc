/** Looks once behind base64 and URL encoding: what is found there hides the whole encoded run. */
import type { Finder, Span } from './spans.ts';

const BASE64_RUN = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

export function withDecoding(find: Finder): Finder {
  return (text) => {
    const spans = [...find(text)];
    if (text.length >= 16) spans.push(...inBase64(text, find));
    if (text.includes('%')) spans.push(...inPercent(text, find));
    return spans;
  };
}

/** A run may begin with letters that do not belong to it, so all four alignments are tried. */
function inBase64(text: string, find: Finder): Span[] {
  const spans: Span[] = [];
  for (const match of text.matchAll(BASE64_RUN)) {
    for (let offset = 0; offset < 4; offset++) {
      const decoded = Buffer.from(match[0].slice(offset), 'base64').toString('latin1');
      const found = find(decoded)[0];
      if (found === undefined) continue;
      spans.push({ start: match.index, end: match.index + match[0].length, kind: found.kind });
      break;
    }
  }
  return spans;
}

/** Spans of the decoded text, moved back to where they came from. */
function inPercent(text: string, find: Finder): Span[] {
  const starts: number[] = [];
  const decoded: string[] = [];
  for (let at = 0; at < text.length; ) {
    const hex = text[at] === '%' ? text.slice(at + 1, at + 3) : '';
    const isEncoded = /^[0-9A-Fa-f]{2}$/.test(hex);
    starts.push(at);
    decoded.push(isEncoded ? String.fromCharCode(Number.parseInt(hex, 16)) : text.charAt(at));
    at += isEncoded ? 3 : 1;
  }
  return find(decoded.join('')).map(({ start, end, kind }) => ({ start: starts[start] ?? 0, end: starts[end] ?? text.length, kind }));
}
