/**
 * Regular expressions of other people's schemas, in time linear in the text (RE2), so that no pattern can stop the
 * process. A pattern that RE2 cannot express (look-around, back references) is not checked here; the server checks it.
 */
import { RE2JS } from '@bufbuild/re2';

interface LinearRegex {
  test(text: string): boolean;
  toString(): string;
}

/** Of the form that ajv takes as `code.regExp`. */
export interface LinearRegexEngine {
  (pattern: string, flags: string): LinearRegex;
  readonly code: string;
}

/** Characters that may still be looked at; when it is used up, every text passes. */
export interface RegexBudget {
  charsLeft: number;
}

const PATTERN_CHARS_MAX = 1_000;
const UNICODE_ESCAPE = /(?<!\\)((?:\\\\)*)\\u(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))/g;

/** Ajv tells regular expressions apart by their text, so each needs its own. */
export function linearRegexEngine(budget: RegexBudget): LinearRegexEngine {
  const make = (pattern: string, flags: string): LinearRegex => {
    const compiled = compile(pattern);
    const test = (text: string): boolean => {
      budget.charsLeft -= text.length + 1;
      return compiled === undefined || budget.charsLeft < 0 || compiled.test(text);
    };
    return { test, toString: () => `linear:${flags}:${pattern}` };
  };
  return Object.assign(make, { code: 'linearRegex' });
}

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
