/**
 * Text that people do not see but models read: tag characters, zero-width and bidirectional controls, runs of variation
 * selectors, private use, terminal escapes, control characters, and long runs of white space that push text out of
 * sight. One pass, linear.
 */

export const HIDDEN_KINDS = ['tag', 'zero-width', 'bidi', 'variation-selectors', 'private-use', 'ansi', 'control', 'whitespace'] as const;
export type HiddenKind = (typeof HIDDEN_KINDS)[number];

/** Of white space in a row, characters. */
export const WHITESPACE_RUN_MAX = 400;

interface HiddenRule {
  readonly kind: HiddenKind;
  /** Global; every alternative is of bounded or single-class repetition, so matching is linear. */
  readonly pattern: RegExp;
  /** What stays when it is stripped. */
  readonly kept: string;
}

/* oxlint-disable no-control-regex -- control characters are what is looked for */
const RULES: readonly HiddenRule[] = [
  // A flag of a region is a black flag and tags that end in a cancel tag (UTS #51); any other tag hides something.
  { kind: 'tag', pattern: /(?<!\u{1F3F4}[\u{E0020}-\u{E007E}]{0,6})[\u{E0000}-\u{E007F}]+/gu, kept: '' },
  {
    kind: 'ansi',
    pattern: /(?:\u001b\[|\u009b)[0-?]{0,64}[ -/]{0,16}[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)?|\u001b/gu,
    kept: '',
  },
  { kind: 'control', pattern: /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009a\u009c-\u009f]+/gu, kept: '' },
  { kind: 'bidi', pattern: /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, kept: '' },
  // A joiner between letters of scripts that need it, or between emoji, is spelling.
  {
    kind: 'zero-width',
    pattern:
      /[\u034f\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]+|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Oriya}\p{Script=Khmer}\p{Script=Mongolian}\p{Script=Myanmar}])[\u200c\u200d]|[\u200c\u200d]{2,}/gu,
    kept: '',
  },
  // Ideographs and symbols have variants of their own; emoji take the last two.
  {
    kind: 'variation-selectors',
    pattern: /[\ufe00-\ufe0f\u{E0100}-\u{E01EF}]{2,}|(?<![\p{Script=Han}\p{Script=Mongolian}\p{Sm}])[\ufe00-\ufe0d\u{E0100}-\u{E01EF}]/gu,
    kept: '',
  },
  { kind: 'private-use', pattern: /[\ue000-\uf8ff\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}]+/gu, kept: '' },
  { kind: 'whitespace', pattern: /\s{401,}/gu, kept: '\n' },
];
/* oxlint-enable no-control-regex */

/** Nothing above U+007F and no control but tab, newline and return: most text is done here. */
const PLAIN = /^[\t\n\r -~]*$/;

/** Which kinds of hidden text are there; empty for most. */
export function findHiddenText(text: string): readonly HiddenKind[] {
  if (text.length <= WHITESPACE_RUN_MAX && PLAIN.test(text)) return [];
  return RULES.filter(({ pattern }) => text.search(pattern) >= 0).map(({ kind }) => kind);
}

/** The text without what is hidden; the same string where nothing is. */
export function stripHiddenText(text: string): string {
  if (text.length <= WHITESPACE_RUN_MAX && PLAIN.test(text)) return text;
  return RULES.reduce((left, { pattern, kept }) => left.replace(pattern, kept), text);
}

/** The text with every invisible character spelled out, such as `[U+200B]`, for people who must see it. */
export function showHiddenText(text: string): string {
  return RULES.reduce(
    (left, { pattern, kind }) =>
      left.replace(pattern, (found) => (kind === 'whitespace' ? `[${found.length} white space]` : Array.from(found, spelled).join(''))),
    text,
  );
}

function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0x20 && code < 0x7f ? character : `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}
