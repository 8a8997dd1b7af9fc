/**
 * Regular expressions of other people's schemas, in time linear in the text (RE2), so that no pattern can stop the
 * process. A pattern that RE2 cannot express (look-around, back references) is not checked here; the server checks it.
 */
import { RE2JS } from '@bufbuild/re2';

interface LinearRegex {
  test(text: string): boolean;
  toString(): string;
}

const PATTERN_CHARS_MAX = 1_000;
const UNICODE_ESCAPE = /(?<!\\)((?:\\\\)*)\\u(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))/g;

/** In the form ajv takes as `code.regExp`. Ajv tells regular expressions apart by their text, so each needs its own. */
export const linearRegex: ((pattern: string, flags: string) => LinearRegex) & { code: string } = Object.assign(
  (pattern: string, flags: string): LinearRegex => {
    const compiled = compile(pattern);
    return { test: (text) => compiled?.test(text) ?? true, toString: () => `linear:${flags}:${pattern}` };
  },
  { code: 'linearRegex' },
);

function compile(pattern: string): RE2JS | undefined {
  if (pattern.length > PATTERN_CHARS_MAX) return undefined;
  try {
    return RE2JS.compile(
      pattern.replace(UNICODE_ESCAPE, (_, before: string, long: string | undefined, short: string | undefined) => `${before}\\x{${long ?? short}}`),
    );
  } catch {
    return undefined;
  }
}
