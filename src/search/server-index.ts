/**
 * The index of one server: for each term, in which of its tools and how often in which field. Immutable; when a server's
 * list changes only its own index is made anew.
 */
import { nameKeysOf } from './name-key.ts';
import type { SearchableServer, SearchableTool } from './searchable-tool.ts';
import { namePhraseOf } from './name-phrase.ts';
import { FIELDS, serverTerms, toolTerms } from './tool-fields.ts';

/** Bits of one field's count in a packed number; seven fields fit a small integer. */
export const COUNT_BITS = 4;
/** A word said more often than this in one field counts as said so often. */
export const COUNT_MAX = 2 ** COUNT_BITS - 1;

/** Where the name of a tool stands among its fields. */
const NAME_FIELD = 0;

export interface ServerIndex {
  readonly server: SearchableServer;
  /** By term, phrase or name key: tool number, packed counts, tool number, packed counts… in rising order. */
  readonly postings: ReadonlyMap<string, readonly number[]>;
  /** Terms of each field: tool number × fields + field. */
  readonly lengths: Uint16Array;
}

export function indexServer(server: SearchableServer): ServerIndex {
  const shared = serverTerms(server);
  const postings = new Map<string, number[]>();
  const lengths = new Uint16Array(server.tools.length * FIELDS.length);
  for (const [number, tool] of server.tools.entries()) {
    for (const key of nameKeysOf(server.name, tool)) count(postings, { term: key, number, field: NAME_FIELD });
    const byField = toolTerms(tool, shared);
    const phrase = namePhraseOf(byField[NAME_FIELD] ?? []);
    if (phrase !== undefined) count(postings, { term: phrase, number, field: NAME_FIELD });
    for (const [field, terms] of byField.entries()) {
      lengths[number * FIELDS.length + field] = terms.length;
      for (const term of terms) count(postings, { term, number, field });
    }
  }
  return { server, postings, lengths };
}

function countIn(packed: number, field: number): number {
  return (packed >>> (field * COUNT_BITS)) & COUNT_MAX;
}

function count(postings: Map<string, number[]>, seen: { readonly term: string; readonly number: number; readonly field: number }): void {
  const { term, number, field } = seen;
  const one = 1 << (field * COUNT_BITS);
  const list = postings.get(term);
  if (list === undefined) {
    postings.set(term, [number, one]);
    return;
  }
  const last = list.length - 2;
  const packed = list[last + 1] ?? 0;
  if (list[last] !== number) list.push(number, one);
  else if (countIn(packed, field) < COUNT_MAX) list[last + 1] = packed + one;
}

/** Whether an index made for `before` also holds for `after`: overrides make new definitions around the same parts. */
export function isSameServer(before: SearchableServer, after: SearchableServer): boolean {
  if (before === after) return true;
  return (
    before.name === after.name &&
    before.description === after.description &&
    before.tools.length === after.tools.length &&
    before.tools.every((tool, number) => isSameTool(tool, after.tools[number]))
  );
}

function isSameTool(before: SearchableTool, after: SearchableTool | undefined): boolean {
  if (before === after) return true;
  if (after === undefined || before.exposed !== after.exposed || before.own !== after.own) return false;
  if (before.keywords.length !== after.keywords.length || before.keywords.some((keyword, at) => keyword !== after.keywords[at])) return false;
  if (before.members?.join() !== after.members?.join()) return false;
  if (before.definition === after.definition) return true;
  const keys = Object.keys(before.definition);
  return keys.length === Object.keys(after.definition).length && keys.every((key) => before.definition[key] === after.definition[key]);
}
