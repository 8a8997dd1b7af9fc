/** Looks once behind base64 and URL encoding: what is found there hides the whole encoded run. */
import type { Finder, Span } from './spans.ts';

const RUN_CHARS_MIN = 16;
const BASE64_RUN = new RegExp(`[A-Za-z0-9+/_-]{${RUN_CHARS_MIN},}={0,2}`, 'g');
const IS_BASE64 = Uint8Array.from({ length: 128 }, (_, code) => (/[A-Za-z0-9+/_-]/.test(String.fromCharCode(code)) ? 1 : 0));

export function withDecoding(find: Finder): Finder {
  return (text) => {
    const plain = find(text);
    const hasBase64 = hasBase64Run(text);
    const hasPercent = text.includes('%');
    if (!hasBase64 && !hasPercent) return plain;
    return [...plain, ...(hasBase64 ? inBase64(text, find) : []), ...(hasPercent ? inPercent(text, find) : [])];
  };
}

/** Every run covers one of the places that are looked at; most texts have words only, which are left after a few steps back. */
function hasBase64Run(text: string): boolean {
  let from = 0;
  for (let at = RUN_CHARS_MIN - 1; at < text.length; at = from + RUN_CHARS_MIN - 1) {
    let start = at;
    while (start >= from && IS_BASE64[text.charCodeAt(start)] === 1) start--;
    if (start < from) return true;
    from = start + 1;
  }
  return false;
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
