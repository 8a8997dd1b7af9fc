/** What a search finds. */
import type { SearchableServer, SearchableTool } from './searchable-tool.ts';

/** exact: called by name; strong: most of what was asked is there, and it is telling; weak: the nearest there is. */
export type Band = 'exact' | 'strong' | 'weak';

export interface FoundTool {
  readonly tool: SearchableTool;
  readonly server: SearchableServer;
  readonly band: Band;
  readonly score: number;
  /** Tools of other servers that do the same under the same name. */
  readonly alternatives: readonly SearchableTool[];
}

export interface QueryAnswer {
  readonly query: string;
  readonly found: readonly FoundTool[];
  /** Where nothing is exact or strong: servers that come nearest, at most three. */
  readonly nearestServers: readonly SearchableServer[];
}
