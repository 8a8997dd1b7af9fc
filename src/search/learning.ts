/**
 * Learning from use: when a tool that a search showed is then called with success, its words become a little more its
 * own. One instance serves one tenant; it is off unless the operator switches it on, and nothing leaves the process.
 *
 * Caps keep one caller from teaching the rest: each caller counts once for a term and tool, a tool learns so many terms,
 * a tenant so many tools. What searches use is a frozen, numbered copy, so results change only when it is renewed.
 */
import type { LearnedTerms } from './learned-terms.ts';
import { compareText } from './search-index.ts';
import { tokenizeQuery } from './tokenize.ts';

export interface LearningLimits {
  readonly toolsMax: number;
  readonly termsPerToolMax: number;
  readonly callersPerTermMax: number;
  /** Callers whose last searches are remembered until a call follows. */
  readonly callersMax: number;
}

export const LEARNING_LIMITS: LearningLimits = { toolsMax: 5_000, termsPerToolMax: 100, callersPerTermMax: 16, callersMax: 1_000 };

/** What one search showed: exposed names by query. */
export type Shown = ReadonlyMap<string, readonly string[]>;

const QUERY_TERMS_MAX = 30;
const SEARCHES_REMEMBERED = 4;
/** Callers that make a term half sure. */
const CALLERS_FOR_HALF = 2;

export class Learning {
  readonly #limits: LearningLimits;
  /** By exposed name, then by term: who taught it. */
  readonly #taught = new Map<string, Map<string, Set<string>>>();
  readonly #searches = new Map<string, readonly Shown[]>();
  #version = 0;

  constructor(limits: LearningLimits = LEARNING_LIMITS) {
    this.#limits = limits;
  }

  /** `caller` is any text that tells callers apart; a hash of the principal does. */
  searched(caller: string, shown: Shown): void {
    const searches = [...(this.#searches.get(caller) ?? []), shown].slice(-SEARCHES_REMEMBERED);
    this.#searches.delete(caller);
    this.#searches.set(caller, searches);
    const [oldest] = this.#searches.keys();
    if (this.#searches.size > this.#limits.callersMax && oldest !== undefined) this.#searches.delete(oldest);
  }

  /** Only for calls that ended with a result that is no error. */
  succeeded(caller: string, exposed: string): void {
    for (const shown of this.#searches.get(caller) ?? []) {
      for (const [query, names] of shown) if (names.includes(exposed)) this.#teach(caller, exposed, tokenizeQuery(query, QUERY_TERMS_MAX));
    }
  }

  /** The present knowledge as searches take it. */
  freeze(): LearnedTerms {
    const byTerm = new Map<string, Map<string, number>>();
    for (const exposed of [...this.#taught.keys()].toSorted(compareText)) {
      for (const [term, callers] of this.#taught.get(exposed) ?? []) {
        const tools = byTerm.get(term) ?? new Map<string, number>();
        tools.set(exposed, callers.size / (callers.size + CALLERS_FOR_HALF));
        byTerm.set(term, tools);
      }
    }
    return { version: this.#version, byTerm };
  }

  #teach(caller: string, exposed: string, terms: readonly string[]): void {
    const known = this.#taught.get(exposed) ?? new Map<string, Set<string>>();
    if (!this.#taught.has(exposed)) {
      if (this.#taught.size >= this.#limits.toolsMax) return;
      this.#taught.set(exposed, known);
    }
    for (const term of terms) {
      const callers = known.get(term) ?? new Set<string>();
      if (callers.has(caller) || callers.size >= this.#limits.callersPerTermMax) continue;
      if (callers.size === 0 && known.size >= this.#limits.termsPerToolMax) continue;
      callers.add(caller);
      known.set(term, callers);
      this.#version++;
    }
  }
}
