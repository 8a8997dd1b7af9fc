/** Findings as spans of a text, and what replaces them. */

/** Half open, in UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** What was found, such as `github-token`. */
  readonly kind: string;
}

export type Finder = (text: string) => readonly Span[];

export type RedactAction = 'redact' | 'mask' | 'block';

/** In order and without overlap: what overlaps becomes one, under the name of the first. */
export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
  }
  return merged;
}

/** What stands where something was found. */
export type Mark = (found: string, kind: string) => string;

const DIGEST_CHARS = 16;

/**
 * A mask keeps the last four characters of what has at least twelve, so that people recognise their own; with a digest
 * equal values have equal marks (AU-06).
 */
export function createMark(action: RedactAction, digest?: (found: string) => string): Mark {
  return (found, kind) => {
    if (action === 'mask' && found.length >= 12) return `[${kind} …${found.slice(-4)}]`;
    return digest === undefined ? `[redacted ${kind}]` : `[redacted ${kind} #${digest(found).slice(0, DIGEST_CHARS)}]`;
  };
}

/** The text with every span replaced. Spans are in order and do not overlap. */
export function replaceSpans(text: string, spans: readonly Span[], mark: Mark): string {
  if (spans.length === 0) return text;
  let result = '';
  let at = 0;
  for (const { start, end, kind } of spans) {
    result += text.slice(at, start) + mark(text.slice(start, end), kind);
    at = end;
  }
  return result + text.slice(at);
}
