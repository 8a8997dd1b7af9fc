/**
 * A view: the tools of an index that one principal may see. Everything that ranking counts (how many tools there are, how
 * common a term is, how long fields are) is counted over the view alone, so nothing hidden can be read from an answer:
 * searching a view gives what searching an index of only its tools would give.
 */
import type { SearchableTool } from './searchable-tool.ts';
import type { SearchIndex } from './search-index.ts';
import { FIELDS } from './tool-fields.ts';

/** May this tool be seen? Called once for each tool when a view is made. */
export type IsVisible = (tool: SearchableTool, server: string) => boolean;

export interface SearchView {
  readonly index: SearchIndex;
  /** 1 where the tool with this number is visible. */
  readonly mask: Uint8Array;
  readonly visibleCount: number;
  /**
   * Mean length of each field over all visible tools, those without it included: a field that few have is long wherever
   * it is, so nobody gains by being the first to fill it.
   */
  readonly meanLengths: readonly number[];
}

export function createView(index: SearchIndex, isVisible: IsVisible): SearchView {
  const mask = new Uint8Array(index.toolCount);
  const totals = FIELDS.map(() => 0);
  let visibleCount = 0;
  for (const [at, part] of index.parts.entries()) {
    const offset = index.offsets[at] ?? 0;
    for (const [number, tool] of part.server.tools.entries()) {
      if (!isVisible(tool, part.server.name)) continue;
      mask[offset + number] = 1;
      visibleCount++;
      const first = (offset + number) * FIELDS.length;
      for (let field = 0; field < FIELDS.length; field++) totals[field] = (totals[field] ?? 0) + (index.lengths[first + field] ?? 0);
    }
  }
  const meanLengths = totals.map((total) => (total === 0 ? 1 : total / visibleCount));
  return { index, mask, visibleCount, meanLengths };
}
