/**
 * Text → the numbers that models of the BERT family read: words split into pieces of a vocabulary, the longest first
 * (WordPiece; Devlin et al., "BERT", 2018; the rules are those of its reference tokenizer).
 */

const UNKNOWN = '[UNK]';
const START = '[CLS]';
const END = '[SEP]';
const WORD_CHARS_MAX = 100;
const ACCENTS = /\p{Mn}/gu;
const CONTROLS = /[\p{Cc}\p{Cf}]/gu;
/** Characters that are words of their own: signs, and those of scripts without spaces that such vocabularies hold one by one. */
const ALONE = /[\p{P}\p{S}\p{Script=Han}]/gu;
const CASED = /^[A-Z][a-z]+$/;

export class WordPieces {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #isCased: boolean;
  readonly #unknown: number;

  /** `vocabulary`: a piece a line, as `vocab.txt` has them. Throws `RangeError` where it has no `[UNK]`, `[CLS]` or `[SEP]`. */
  constructor(vocabulary: string) {
    const pieces = vocabulary.split('\n').map((line) => line.replace(/\r$/, ''));
    this.#ids = new Map(pieces.map((piece, id) => [piece, id]));
    this.#isCased = pieces.some((piece) => CASED.test(piece));
    this.#unknown = this.#idOf(UNKNOWN);
    this.#idOf(START);
    this.#idOf(END);
  }

  /** Between start and end, at most `idsMax` with both. */
  encode(text: string, idsMax: number): readonly number[] {
    const ids: number[] = [];
    for (const word of this.#words(text)) {
      if (ids.length >= idsMax - 2) break;
      ids.push(...this.#pieces(word));
    }
    return [this.#idOf(START), ...ids.slice(0, idsMax - 2), this.#idOf(END)];
  }

  #words(text: string): readonly string[] {
    const clean = text.replace(/\s/gu, ' ').replace(CONTROLS, '');
    const folded = this.#isCased ? clean : clean.toLowerCase().normalize('NFD').replace(ACCENTS, '');
    return folded.replace(ALONE, ' $& ').split(' ').filter((word) => word !== '');
  }

  #pieces(word: string): readonly number[] {
    if (word.length > WORD_CHARS_MAX) return [this.#unknown];
    const ids: number[] = [];
    for (let from = 0; from < word.length; ) {
      let end = word.length;
      while (end > from && !this.#ids.has((from === 0 ? '' : '##') + word.slice(from, end))) end--;
      if (end === from) return [this.#unknown];
      ids.push(this.#idOf((from === 0 ? '' : '##') + word.slice(from, end)));
      from = end;
    }
    return ids;
  }

  #idOf(piece: string): number {
    const id = this.#ids.get(piece);
    if (id === undefined) throw new RangeError(`the vocabulary has no ${piece}`);
    return id;
  }
}
