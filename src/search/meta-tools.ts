/**
 * The meta-tools: what an endpoint in search mode lists instead of its tools. Their definitions cost the same however
 * many tools there are, and change only when the servers behind them do, so prompt caches survive.
 */
import type { JsonObject } from '../protocol/messages.ts';
import { compareText } from './search-index.ts';
import type { SearchView } from './search-view.ts';

export const META_TOOL_NAMES = ['search_tools', 'describe_tools', 'call_read_tool', 'call_tool'] as const;
export type MetaToolName = (typeof META_TOOL_NAMES)[number];

export const QUERIES_MAX = 8;
export const ROWS_DEFAULT = 5;
/** A larger limit counts as this. */
export const ROWS_MAX = 20;
export const NAMES_MAX = 20;

const NAME: JsonObject = { type: 'string' };
/** Characters of server names in the description: with the words around them well under 150 tokens. */
const SERVERS_CHARS_MAX = 130;
const SERVER_CHARS_MAX = 40;
const SEARCH_SAYS = 'Find tools. Say action, object, product, synonyms; one query per need.';

export interface MetaToolOptions {
  /** Written by the operator; else made from the names of the visible servers. */
  readonly searchDescription: string | undefined;
  /** `outputSchema` is known since 2025-06-18. */
  readonly hasOutputSchema: boolean;
  /** Some server can run calls as tasks, and the client's revision is 2025-11-25, where a tool must say so. */
  readonly hasTasks?: boolean;
}

export function isMetaToolName(name: string): name is MetaToolName {
  return (META_TOOL_NAMES as readonly string[]).includes(name);
}

/** In the order in which they are listed. `servers`: those of which the principal sees something, by name. */
export function metaToolDefinitions(servers: readonly string[], options: MetaToolOptions): readonly JsonObject[] {
  const call = { type: 'object', properties: { name: NAME, arguments: { type: 'object' } }, required: ['name'] };
  return [
    {
      name: 'search_tools' satisfies MetaToolName,
      description: options.searchDescription ?? searchDescription(servers),
      inputSchema: {
        type: 'object',
        properties: {
          queries: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: QUERIES_MAX },
          server: { type: 'string' },
          limit: { type: 'integer', default: ROWS_DEFAULT },
          detail: { enum: ['name', 'brief', 'full'] },
        },
        required: ['queries'],
      },
      ...(options.hasOutputSchema ? { outputSchema: { type: 'object' } } : {}),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    {
      name: 'describe_tools' satisfies MetaToolName,
      description: 'Full schemas of found tools.',
      inputSchema: { type: 'object', properties: { names: { type: 'array', items: NAME } }, required: ['names'] },
      annotations: { readOnlyHint: true },
    },
    {
      name: 'call_read_tool' satisfies MetaToolName,
      description: 'Call a found tool marked read-only.',
      inputSchema: call,
      annotations: { readOnlyHint: true },
    },
    {
      name: 'call_tool' satisfies MetaToolName,
      description: 'Call a found tool. Wrong arguments are answered with its schema.',
      inputSchema: call,
      ...(options.hasTasks === true ? { execution: { taskSupport: 'optional' } } : {}),
      annotations: { destructiveHint: true },
    },
  ];
}

/** Names the servers a principal sees, so that a model knows when searching is worth it. */
export function searchDescription(servers: readonly string[]): string {
  const names = servers.map((name) => (name.length > SERVER_CHARS_MAX ? `${name.slice(0, SERVER_CHARS_MAX)}…` : name));
  const shown: string[] = [];
  let chars = 0;
  for (const name of names) {
    chars += name.length + 2;
    if (chars > SERVERS_CHARS_MAX) break;
    shown.push(name);
  }
  const rest = names.length - shown.length;
  if (names.length === 0) return SEARCH_SAYS;
  return `${SEARCH_SAYS} Servers: ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

/** Servers of which at least one tool is visible, by name. */
export function visibleServers(view: SearchView): readonly string[] {
  const { parts, offsets } = view.index;
  const seen = parts.filter((part, at) => view.mask.subarray(offsets[at], (offsets[at] ?? 0) + part.server.tools.length).includes(1));
  return seen.map(({ server }) => server.name).toSorted(compareText);
}
