/**
 * What the tools of a server meet together of a query. The more words somebody says, the more needs they are about, and
 * those are likely met side by side: a server of which each tool has some of the words says more than one of which a
 * single tool has a few.
 */
import type { SearchIndex } from './search-index.ts';
import type { TermScores } from './term-scores.ts';

/** So many words can be about one thing, which one tool has or has not. */
const FEW_TERMS = 8;
/** From so many on it counts in full. */
const MANY_TERMS = 16;
/** Of what the tools of a server meet together, for each of them that matched. More finds more where all needs are of one server, and less of tasks that take several. */
const TOGETHER_SHARE = 0.3;

export class ServerEvidence {
  readonly #index: Pick<SearchIndex, 'parts' | 'partOf'>;
  readonly #share: number;
  /** By server: the sum over terms of the best that a tool of it has. */
  readonly #together: Float64Array;

  constructor(index: Pick<SearchIndex, 'parts' | 'partOf'>, termCount: number) {
    this.#index = index;
    this.#share = TOGETHER_SHARE * Math.min(1, Math.max(0, (termCount - FEW_TERMS) / (MANY_TERMS - FEW_TERMS)));
    this.#together = new Float64Array(this.#share > 0 ? index.parts.length : 0);
  }

  /** Tools stand by server, so each server is one run of them. Of few words nothing is counted, and it costs nothing. */
  add({ numbers, scores }: TermScores, weight: number): void {
    if (this.#share === 0 || numbers.length === 0) return;
    const index = this.#index;
    const together = this.#together;
    let part = index.partOf(numbers[0] ?? 0);
    let best = 0;
    for (let at = 0; at < numbers.length; at++) {
      const next = index.partOf(numbers[at] ?? 0);
      if (next !== part) {
        together[part] = (together[part] ?? 0) + weight * best;
        part = next;
        best = 0;
      }
      const score = scores[at] ?? 0;
      if (score > best) best = score;
    }
    together[part] = (together[part] ?? 0) + weight * best;
  }

  /** What each tool of this server that matched gets. */
  of(part: number): number {
    return this.#share * (this.#together[part] ?? 0);
  }
}
