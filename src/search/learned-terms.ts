/** What successful calls taught: for each term of past queries, which tools were then called. */

/** Immutable and numbered, so that a search result is a function of what it names. */
export interface LearnedTerms {
  readonly version: number;
  /** By term, then by exposed name: how sure, above 0 and below 1. */
  readonly byTerm: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export const NOTHING_LEARNED: LearnedTerms = { version: 0, byTerm: new Map() };
