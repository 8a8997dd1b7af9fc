/**
 * Text → search terms: words split at camelCase, snake_case, kebab-case and dots, folded to lower case without accents,
 * lightly stemmed, without stop words. Scripts written without spaces become pairs of neighbouring characters.
 *
 * Idempotent: the terms of terms joined by spaces are the same terms. Index and query both come through here.
 */
import { stem } from './stem.ts';

const ASCII_ONLY = /^[\p{ASCII}]*$/u;
const ACCENTS = /[\u0300-\u036f]/g;
/** Not within the plural of an abbreviation, such as `URLs`. */
const CAMEL_CASE = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})(?!\p{Lu}s(?![\p{L}\p{N}]))/gu;
/** `GitHub`, `DuckDuckGo`, `arXiv`, `3D`, `e-mail`: one word to some, several to others. */
const COMPOUND = /(?<![\p{L}\p{N}-])(?:[\p{L}\p{N}]+(?<=[\p{Ll}\p{N}])\p{Lu}[\p{L}\p{N}]*|\p{L}{1,2}-\p{L}+)(?![\p{L}\p{N}-])/gu;
/** One word, though its parts are words: they name something else. */
const ONE_WORD = /Git(?:Hub|Lab)|JavaScript|WordPress|LinkedIn/g;
const COMPOUND_PARTS_MAX = 3;
const SHORT_PART_CHARS_MAX = 2;
/** `don't`, `it's`, `server's`. */
const APOSTROPHE = /(?<=\p{L})['\u2019](?:s|t|m|d|re|ll|ve)(?![\p{L}\p{N}])/gu;
const ASCII_WORD = /[a-z0-9]+/g;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;
const HAS_UPPER = /\p{Lu}/u;

const EXTENSION = /\.[A-Za-z0-9]{1,5}$/;
/** `/data/report.md`, `~/notes`, `./a.txt`, `C:\\data`. */
const PATH = /(?<![^\s"'`(])(?:[A-Za-z]:[\\/]|~\/|\.{0,2}\/)[^\s"'`)]*[A-Za-z0-9][^\s"'`)]*/gu;

/** A longer run of letters is data, not a word. */
const WORD_CHARS_MAX = 64;

// Words that say nothing about a tool, in stemmed form.
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an and are as at be been being but by can did do does for from had has have how if in into is it its may of on onto or our so such ' +
    'than that the their them then there these they this those to up us use using via was we were what when where which while who will with within you your'
  )
    .split(' ')
    .map(stem),
);

// What people say to an assistant around what they want; in a query only.
const CHAT_WORDS: ReadonlySet<string> = new Set(
  (
    'about also am any anything assist best can cannot could currently don enable ensure etc give had happy help hello hey hi i im interested ' +
    'kindly know let lets like ll looking make me my need needed needs want wanted wants please provide really should some someone something such ' +
    'sure tell thank thanks them these thing things to tool tools trying understand ve want way would'
  )
    .split(' ')
    .map(stem),
);

/** Terms of a text in order, with repetitions, at most `termsMax`. */
export function tokenize(text: string, termsMax = Number.POSITIVE_INFINITY): string[] {
  const terms: string[] = [];
  if (ASCII_ONLY.test(text)) {
    const words = splitCase(text).toLowerCase().matchAll(ASCII_WORD);
    for (const [word] of words) {
      if (terms.length >= termsMax) break;
      pushWord(word, terms);
    }
    return terms;
  }
  for (const [word] of fold(text).matchAll(WORD)) {
    if (terms.length >= termsMax) break;
    pushMixed(word, terms);
  }
  return terms;
}

/** Terms of a query: without what is said around the need, unless nothing else is left. */
export function tokenizeQuery(query: string, termsMax: number): string[] {
  const terms = tokenize(withoutData(query), termsMax);
  const telling = terms.filter((term) => !CHAT_WORDS.has(term));
  return telling.length > 0 ? telling : terms;
}

/** What a tool is to be called with says little about which tool: of a path, that it is one and of what kind. */
function withoutData(query: string): string {
  return query.replace(PATH, (path) => ` file path ${EXTENSION.exec(path)?.[0] ?? ''} `);
}

function splitCase(text: string): string {
  const whole = text.replace(APOSTROPHE, '').replace(ONE_WORD, asOneWord).replace(COMPOUND, withWhole);
  return HAS_UPPER.test(whole) ? whole.replace(CAMEL_CASE, ' ') : whole;
}

function asOneWord(name: string): string {
  return name.charAt(0) + name.slice(1).toLowerCase();
}

/** A name of few parts also counts as one word; a long identifier is nothing but its parts. */
function withWhole(word: string): string {
  const parts = word.split(word.includes('-') ? '-' : CAMEL_CASE);
  const isName = HAS_UPPER.test(word[0] ?? '') || (parts[0]?.length ?? 0) <= SHORT_PART_CHARS_MAX;
  return isName && parts.length <= COMPOUND_PARTS_MAX ? `${parts.join('').toLowerCase()} ${word}` : word;
}

/** Accents go, Hangul and kana come together again. */
function fold(text: string): string {
  const plain = splitCase(text.normalize('NFKD').replace(ACCENTS, '')).toLowerCase();
  return plain.normalize('NFKD').replace(ACCENTS, '').normalize('NFC');
}

function pushMixed(word: string, terms: string[]): void {
  let from = 0;
  for (const run of word.matchAll(UNSPACED)) {
    if (run.index > from) pushWord(word.slice(from, run.index), terms);
    pushPairs(Array.from(run[0]), terms);
    from = run.index + run[0].length;
  }
  if (from < word.length) pushWord(word.slice(from), terms);
}

function pushPairs(characters: readonly string[], terms: string[]): void {
  if (characters.length === 1) terms.push(...characters);
  for (let at = 0; at + 1 < characters.length; at++) terms.push(`${characters[at]}${characters[at + 1]}`);
}

function pushWord(word: string, terms: string[]): void {
  if (word.length > WORD_CHARS_MAX) return;
  const term = stem(word);
  if (!STOP_WORDS.has(term)) terms.push(term);
}
