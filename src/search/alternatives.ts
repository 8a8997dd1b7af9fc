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
  for (const next of withGroupsFirst(found)) {
    const group = next.band === 'exact' ? -1 : rows.findIndex(({ tool }) => tool.members?.includes(next.tool.exposed));
    const at = group >= 0 ? group : next.band === 'exact' ? -1 : rows.findIndex((row) => row.server !== next.server && isSame(row.tool, next.tool));
    const row = rows[at];
    if (row === undefined) rows.push(next);
    else rows[at] = { ...row, alternatives: [...row.alternatives, next.tool] };
  }
  return rows;
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

function isSame(left: SearchableTool, right: SearchableTool): boolean {
  if (nameKey(left.own) !== nameKey(right.own) || requiredOf(left) !== requiredOf(right)) return false;
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
