/**
 * The directory of terms: which servers have a term at all, so that a term is looked up in those alone. Successive indexes
 * share one directory, which only grows: what it still says of a server that changed is looked up there and not found.
 */
import type { ServerIndex } from './server-index.ts';
import { Vocabulary } from './vocabulary.ts';

const NOBODY: readonly number[] = [];
/** What a directory may hold beyond twice what is there, before it is made anew. */
const STALE_MIN = 50_000;

export class TermDirectory {
  readonly vocabulary = new Vocabulary();
  readonly #slots = new Map<string, number>();
  readonly #holders = new Map<string, number[]>();
  #size = 0;

  /** `before`: the index of the same server that this directory has already. */
  add(part: ServerIndex, before?: ServerIndex): void {
    const slot = this.slotOf(part.server.name) ?? this.#slots.size;
    this.#slots.set(part.server.name, slot);
    for (const term of part.postings.keys()) {
      if (before?.postings.has(term) === true) continue;
      const holders = this.#holders.get(term);
      if (holders === undefined) this.#holders.set(term, [slot]);
      else holders.push(slot);
      this.#size++;
    }
    this.vocabulary.add(part.postings.keys());
  }

  /** Servers are counted in the order in which they came; a server keeps its number. */
  slotOf(server: string): number | undefined {
    return this.#slots.get(server);
  }

  get slotCount(): number {
    return this.#slots.size;
  }

  /** Slots of servers that have or had this term; rarely one twice. */
  holders(term: string): readonly number[] {
    return this.#holders.get(term) ?? NOBODY;
  }

  /** Whether most of it is about what is no longer there. */
  isStaleFor(parts: readonly ServerIndex[]): boolean {
    const live = parts.reduce((sum, part) => sum + part.postings.size, 0);
    return this.#size > 2 * live + STALE_MIN;
  }
}
