/**
 * The index of a namespace: the indexes of its servers side by side. Immutable; the next one reuses every server that
 * did not change. Servers stand in the order of their names, so the order in which they connected leaves no trace.
 */
import type { SearchableServer, SearchableTool } from './searchable-tool.ts';
import { indexServer, isSameServer, type ServerIndex } from './server-index.ts';

/** Where one server's tools have a term. */
export interface PartPostings {
  readonly part: number;
  readonly postings: readonly number[];
}

/** Terms that queries asked for, gathered over the servers once; bounded, decides nothing. */
const GATHERED_MAX = 20_000;
const NOWHERE: readonly PartPostings[] = [];

export class SearchIndex {
  readonly parts: readonly ServerIndex[];
  /** Number of the first tool of each part, counted over all parts. */
  readonly offsets: readonly number[];
  readonly toolCount: number;
  readonly #gathered = new Map<string, readonly PartPostings[]>();

  private constructor(parts: readonly ServerIndex[]) {
    this.parts = parts;
    const offsets: number[] = [];
    let next = 0;
    for (const part of parts) {
      offsets.push(next);
      next += part.server.tools.length;
    }
    this.offsets = offsets;
    this.toolCount = next;
  }

  /** Of these servers; `previous` lends the parts that still hold. */
  static of(servers: readonly SearchableServer[], previous?: SearchIndex): SearchIndex {
    const kept = new Map(previous?.parts.map((part) => [part.server.name, part]));
    const sorted = servers.toSorted((left, right) => compareText(left.name, right.name));
    const parts = sorted.map((server) => {
      const before = kept.get(server.name);
      return before !== undefined && isSameServer(before.server, server) ? before : indexServer(server);
    });
    if (previous !== undefined && parts.length === previous.parts.length && parts.every((part, at) => part === previous.parts[at])) return previous;
    return new SearchIndex(parts);
  }

  tool(number: number): { readonly tool: SearchableTool; readonly part: number } | undefined {
    let low = 0;
    let high = this.offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.offsets[middle] ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    const tool = this.parts[low]?.server.tools[number - (this.offsets[low] ?? 0)];
    return tool && { tool, part: low };
  }

  /** Every server that has the term. */
  postings(term: string): readonly PartPostings[] {
    const gathered = this.#gathered.get(term);
    if (gathered !== undefined) return gathered;
    const found: PartPostings[] = [];
    for (const [part, index] of this.parts.entries()) {
      const postings = index.postings.get(term);
      if (postings !== undefined) found.push({ part, postings });
    }
    if (found.length === 0) return NOWHERE;
    if (this.#gathered.size >= GATHERED_MAX) this.#gathered.clear();
    this.#gathered.set(term, found);
    return found;
  }
}

/** By code unit: the same everywhere, whatever the locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
