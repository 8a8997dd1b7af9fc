/** The first sentence of a description: what a row says of a tool. */

const CHARS_MAX = 72;
const TEXT_CHARS_READ = 2_000;
const MARKUP = /^[\s#>*`_-]+|[*`]+/gu;
/** End of a sentence: a stop followed by space or nothing, a full-width stop, an empty line. */
const SENTENCE_END = /[.!?](?=\s|$)|[。！？]|\n\s*\n/u;
const ABBREVIATION = /(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|no)|\b[A-Z])$/u;

/** One line, without markup, at most so many characters and then `…`; empty where there is no description. */
export function firstSentence(description: string, charsMax: number = CHARS_MAX): string {
  const text = description.slice(0, TEXT_CHARS_READ).trim();
  const sentence = text.slice(0, sentenceLength(text)).replace(MARKUP, '').replace(/\s+/gu, ' ').trim();
  if (sentence.length <= charsMax) return sentence;
  const cut = sentence.slice(0, charsMax);
  const space = cut.lastIndexOf(' ');
  return `${(space > charsMax / 2 ? cut.slice(0, space) : cut.toWellFormed()).replace(/[\s,;:]+$/u, '')}…`;
}

function sentenceLength(text: string): number {
  let from = 0;
  for (;;) {
    const end = SENTENCE_END.exec(text.slice(from));
    if (end === null) return text.length;
    const at = from + end.index;
    if (end[0] !== '.' || !ABBREVIATION.test(text.slice(Math.max(0, at - 8), at))) return at;
    from = at + 1;
  }
}
