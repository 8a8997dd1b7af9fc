/**
 * The index of a namespace: the indexes of its servers side by side. Immutable; the next one reuses every server that
 * did not change. Servers stand in the order of their names, so the order in which they connected leaves no trace.
 */
import type { SearchableServer, SearchableTool } from './searchable-tool.ts';
import { indexServer, isSameServer, type ServerIndex } from './server-index.ts';
import { TermDirectory } from './term-directory.ts';
import { FIELDS } from './tool-fields.ts';
import type { Vocabulary } from './vocabulary.ts';

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
  readonly #directory: TermDirectory;
  /** By slot of the directory: the part that stands there, -1 where it is none of this index. */
  readonly #partOfSlot: Int32Array;
  readonly #partOfTool: Uint32Array;
  readonly #gathered = new Map<string, Int32Array>();

  private constructor(parts: readonly ServerIndex[], directory: TermDirectory) {
    this.parts = parts;
    this.#directory = directory;
    this.#partOfSlot = new Int32Array(directory.slotCount).fill(-1);
    for (const [at, part] of parts.entries()) this.#partOfSlot[directory.slotOf(part) ?? 0] = at;
    const offsets: number[] = [];
    let next = 0;
    for (const part of parts) {
      offsets.push(next);
      next += part.server.tools.length;
    }
    this.offsets = offsets;
    this.toolCount = next;
    this.lengths = new Uint16Array(next * FIELDS.length);
    this.#partOfTool = new Uint32Array(next);
    for (const [at, part] of parts.entries()) {
      const first = offsets[at] ?? 0;
      this.lengths.set(part.lengths, first * FIELDS.length);
      this.#partOfTool.fill(at, first, first + part.server.tools.length);
    }
  }

  /** Of these servers; `previous` lends the parts that still hold. */
  static of(servers: readonly SearchableServer[], previous?: SearchIndex): SearchIndex {
    const steps = SearchIndex.steps(servers, previous);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** As `of`, with a pause after each server that was indexed: the caller decides when it goes on. */
  static *steps(servers: readonly SearchableServer[], previous?: SearchIndex): Generator<void, SearchIndex> {
    const kept = new Map(previous?.parts.map((part) => [part.server.name, part]));
    const sorted = servers.toSorted((left, right) => compareText(left.name, right.name));
    const parts: ServerIndex[] = [];
    for (const server of sorted) {
      const before = kept.get(server.name);
      const isKept = before !== undefined && isSameServer(before.server, server);
      parts.push(isKept ? before : indexServer(server));
      if (!isKept) yield;
    }
    if (previous !== undefined && parts.length === previous.parts.length && parts.every((part, at) => part === previous.parts[at])) return previous;
    const directory = previous === undefined || previous.#directory.isStaleFor(parts) ? new TermDirectory() : previous.#directory;
    for (const part of parts) {
      if (directory.slotOf(part) !== undefined) continue;
      directory.add(part);
      yield;
    }
    return new SearchIndex(parts, directory);
  }

  get vocabulary(): Vocabulary {
    return this.#directory.vocabulary;
  }

  tool(number: number): { readonly tool: SearchableTool; readonly part: number } | undefined {
    const part = this.partOf(number);
    const tool = this.parts[part]?.server.tools[number - (this.offsets[part] ?? 0)];
    return tool && { tool, part };
  }

  /** The place of the server that the tool with this number is of. */
  partOf(number: number): number {
    return this.#partOfTool[number] ?? 0;
  }

  /** Tools that have a term or name key: tool number, packed counts, tool number, packed counts… */
  postings(term: string): Int32Array {
    const gathered = this.#gathered.get(term);
    if (gathered !== undefined) return gathered;
    const flat = this.#gather(term);
    // Most of what queries say is nowhere, phrases above all: that is found out again as fast as remembered.
    if (flat === NOWHERE) return flat;
    if (this.#gathered.size >= GATHERED_MAX) this.#gathered.clear();
    this.#gathered.set(term, flat);
    return flat;
  }

  #gather(term: string): Int32Array {
    const { slots, postings } = this.#directory.places(term);
    const held: { readonly part: number; readonly postings: readonly number[] }[] = [];
    let size = 0;
    let isRising = true;
    for (const [at, slot] of slots.entries()) {
      const part = this.#partOfSlot[slot] ?? -1;
      const found = part < 0 ? undefined : postings[at];
      if (found === undefined) continue;
      isRising &&= part > (held.at(-1)?.part ?? -1);
      held.push({ part, postings: found });
      size += found.length;
    }
    if (size === 0) return NOWHERE;
    if (!isRising) held.sort((left, right) => left.part - right.part);
    const flat = new Int32Array(size);
    let next = 0;
    for (const { part, postings: found } of held) {
      const offset = this.offsets[part] ?? 0;
      for (let entry = 0; entry < found.length; entry += 2) {
        flat[next++] = offset + (found[entry] ?? 0);
        flat[next++] = found[entry + 1] ?? 0;
      }
    }
    return flat;
  }
}

/** By code unit: the same everywhere, whatever the locale. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
