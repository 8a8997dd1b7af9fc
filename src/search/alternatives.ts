/** Tools of several servers that do the same: one row, the others beside it, so that clones do not fill an answer. */
import { isObject } from '../protocol/messages.ts';
import type { FoundTool } from './found-tool.ts';
import { nameKey } from './name-key.ts';
import { compareText } from './search-index.ts';
import type { SearchableTool } from './searchable-tool.ts';
import { tokenize } from './tokenize.ts';

/** Descriptions with at least this share of common terms say the same. */
const OVERLAP_MIN = 0.4;
const DESCRIPTION_TERMS_MAX = 100;

/** Folds each tool into the first before it that has the same name on another server and a like description. Exact ones stay. */
export function toAlternatives(found: readonly FoundTool[]): readonly FoundTool[] {
  const rows: FoundTool[] = [];
  /** Places of rows by name: most names stand alone, so few tools are compared. */
  const named = new Map<string | undefined, number[]>();
  for (const next of withGroupsFirst(found)) {
    const key = nameKey(next.tool.own);
    const alike = named.get(key) ?? [];
    const at = next.band === 'exact' ? -1 : placeFor(next, rows, alike);
    const row = rows[at];
    if (row !== undefined) {
      rows[at] = { ...row, alternatives: [...row.alternatives, next.tool] };
      continue;
    }
    named.set(key, [...alike, rows.length]);
    rows.push(next);
  }
  return rows;
}

/** The row that the tool folds into: a group that it is of, else the same tool of another server; -1 where there is none. */
function placeFor({ tool, server }: FoundTool, rows: readonly FoundTool[], alike: readonly number[]): number {
  const group = rows.findIndex((row) => row.tool.members?.includes(tool.exposed));
  if (group >= 0) return group;
  return alike.find((place) => rows[place] !== undefined && rows[place].server !== server && isSame(rows[place].tool, tool)) ?? -1;
}

/** A group that was found stands where the best of what it stands for would. */
function withGroupsFirst(found: readonly FoundTool[]): readonly FoundTool[] {
  const rows = [...found];
  for (const group of found) {
    const { members } = group.tool;
    const best = members === undefined ? -1 : rows.findIndex(({ tool, band }) => band !== 'exact' && members.includes(tool.exposed));
    const own = rows.indexOf(group);
    if (best < 0 || best > own) continue;
    const { band, score } = rows[best] ?? group;
    rows.splice(own, 1);
    rows.splice(best, 0, { ...group, band, score });
  }
  return rows;
}

/** Of two tools with the same name. */
function isSame(left: SearchableTool, right: SearchableTool): boolean {
  if (requiredOf(left) !== requiredOf(right)) return false;
  const ofLeft = termsOf(left);
  const ofRight = termsOf(right);
  let common = 0;
  for (const term of ofLeft) if (ofRight.has(term)) common++;
  return common >= OVERLAP_MIN * (ofLeft.size + ofRight.size - common);
}

function termsOf(tool: SearchableTool): Set<string> {
  return new Set(tokenize(String(tool.definition['description'] ?? ''), DESCRIPTION_TERMS_MAX));
}

/** A call of one would be refused by the other where they require different arguments. */
function requiredOf(tool: SearchableTool): string {
  const schema = tool.definition['inputSchema'];
  const required = isObject(schema) ? schema['required'] : undefined;
  return Array.isArray(required) ? required.map(String).toSorted(compareText).join() : '';
}
