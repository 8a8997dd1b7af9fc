/**
 * The directory of terms: where a term stands at all, so that it is gathered from those servers alone. Successive indexes
 * share one directory, which only grows: each index passes over what it says of servers that are not in that index.
 */
import type { ServerIndex } from './server-index.ts';
import { Vocabulary } from './vocabulary.ts';

/** One place for each server that has a term: its slot, and the postings there. */
export interface TermPlaces {
  readonly slots: readonly number[];
  readonly postings: readonly (readonly number[])[];
}

const NOWHERE: TermPlaces = { slots: [], postings: [] };
/** What a directory may hold beyond twice what is there, before it is made anew. */
const STALE_MIN = 50_000;

export class TermDirectory {
  readonly vocabulary = new Vocabulary();
  readonly #slots = new Map<ServerIndex, number>();
  readonly #places = new Map<string, { readonly slots: number[]; readonly postings: (readonly number[])[] }>();
  #size = 0;

  /** Each version of a server has a slot of its own. */
  add(part: ServerIndex): void {
    const slot = this.#slots.size;
    this.#slots.set(part, slot);
    for (const [term, postings] of part.postings) {
      const places = this.#places.get(term);
      if (places === undefined) this.#places.set(term, { slots: [slot], postings: [postings] });
      else {
        places.slots.push(slot);
        places.postings.push(postings);
      }
    }
    this.#size += part.postings.size;
    this.vocabulary.add(part.postings.keys());
  }

  slotOf(part: ServerIndex): number | undefined {
    return this.#slots.get(part);
  }

  get slotCount(): number {
    return this.#slots.size;
  }

  places(term: string): TermPlaces {
    return this.#places.get(term) ?? NOWHERE;
  }

  /** Whether most of it is about what is no longer there. */
  isStaleFor(parts: readonly ServerIndex[]): boolean {
    const live = parts.reduce((sum, part) => sum + part.postings.size, 0);
    return this.#size > 2 * live + STALE_MIN;
  }
}
