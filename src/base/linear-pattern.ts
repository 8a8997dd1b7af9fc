/**
 * Text patterns whose matching time is linear in the text, whoever wrote text or pattern: globs with `*`, and regular
 * expressions in RE2's syntax (no back-references, no look-around). Compiled ones are functions, so that they hold no
 * state that freezing could break.
 */
import { RE2JS } from '@bufbuild/re2';

export type TextTest = (text: string) => boolean;

/** Longest pattern accepted, characters: the compiled form grows with it. */
export const PATTERN_CHARS_MAX = 2_000;

/** `*` stands for any run of characters, everything else for itself; the whole text must match. */
export function compileGlob(glob: string): TextTest {
  if (glob === '*') return () => true;
  const [head = '', ...rest] = glob.split('*');
  const tail = rest.pop();
  if (tail === undefined) return (text) => text === glob;
  return (text) => {
    if (!text.startsWith(head) || !text.endsWith(tail)) return false;
    let at = head.length;
    for (const piece of rest) {
      const found = text.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return text.length - tail.length >= at;
  };
}

/** True where any of the globs matches. Exact names are looked up, so that long lists stay cheap. */
export function compileGlobs(globs: readonly string[]): TextTest {
  const exact = new Set(globs.filter((glob) => !glob.includes('*')));
  const open = globs.filter((glob) => glob.includes('*')).map(compileGlob);
  return (text) => exact.has(text) || open.some((matches) => matches(text));
}

/** Finds the pattern anywhere in the text. Undefined where RE2 does not know the syntax, or the pattern is too long. */
export function compilePattern(pattern: string): TextTest | undefined {
  if (pattern.length > PATTERN_CHARS_MAX) return undefined;
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.test(text);
  } catch {
    return undefined;
  }
}
