/**
 * The index of a namespace: the indexes of its servers side by side. Immutable; the next one reuses every server that
 * did not change. Servers stand in the order of their names, so the order in which they connected leaves no trace.
 */
import type { SearchableServer, SearchableTool } from './searchable-tool.ts';
import { indexServer, isSameServer, type ServerIndex } from './server-index.ts';
import { FIELDS } from './tool-fields.ts';
import { Vocabulary } from './vocabulary.ts';

/** Terms that queries asked for, gathered over the servers once; bounded, decides nothing. */
const GATHERED_MAX = 20_000;
const NOWHERE = new Int32Array(0);

export class SearchIndex {
  readonly parts: readonly ServerIndex[];
  /** Number of the first tool of each part, counted over all parts. */
  readonly offsets: readonly number[];
  readonly toolCount: number;
  /** Terms of each field: tool number × fields + field. */
  readonly lengths: Uint16Array;
  readonly vocabulary: Vocabulary;
  readonly #gathered = new Map<string, Int32Array>();

  private constructor(parts: readonly ServerIndex[], vocabulary: Vocabulary) {
    this.parts = parts;
    this.vocabulary = vocabulary;
    const offsets: number[] = [];
    let next = 0;
    for (const part of parts) {
      offsets.push(next);
      next += part.server.tools.length;
    }
    this.offsets = offsets;
    this.toolCount = next;
    this.lengths = new Uint16Array(next * FIELDS.length);
    for (const [at, part] of parts.entries()) this.lengths.set(part.lengths, (offsets[at] ?? 0) * FIELDS.length);
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
    const vocabulary = previous?.vocabulary ?? new Vocabulary();
    const before = new Set(previous?.parts);
    for (const part of parts) if (!before.has(part)) vocabulary.add(part.postings.keys());
    return new SearchIndex(parts, vocabulary);
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

  /** Tools that have a term or name key: tool number, packed counts, tool number, packed counts… */
  postings(term: string): Int32Array {
    const gathered = this.#gathered.get(term);
    if (gathered !== undefined) return gathered;
    const found: number[] = [];
    for (let at = 0; at < this.parts.length; at++) {
      const postings = this.parts[at]?.postings.get(term);
      if (postings === undefined) continue;
      const offset = this.offsets[at] ?? 0;
      for (let entry = 0; entry < postings.length; entry += 2) found.push(offset + (postings[entry] ?? 0), postings[entry + 1] ?? 0);
    }
    if (this.#gathered.size >= GATHERED_MAX) this.#gathered.clear();
    const flat = found.length === 0 ? NOWHERE : Int32Array.from(found);
    this.#gathered.set(term, flat);
    return flat;
  }
}

/** By code unit: the same everywhere, whatever the locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
