/** Searches that nobody asked for: what is searched with is optimised by doing, and the first who asks should not wait for that. */
import { NOTHING_LEARNED } from './learned-terms.ts';
import { search } from './search.ts';
import type { SearchIndex } from './search-index.ts';
import { toSearchReply } from './search-reply.ts';
import type { SearchView } from './search-view.ts';

const REHEARSALS = 60;
/** As long as what agents ask for. */
const QUERY_CHARS_MAX = 120;
const LIMIT = 5;

/** For tools from everywhere in the index, each with words of its name and its description. */
export function rehearsalQueries({ parts }: SearchIndex): readonly string[] {
  const tools = parts.flatMap(({ server }) => server.tools);
  return Array.from({ length: Math.min(REHEARSALS, tools.length) }, (_, at) => {
    const tool = tools[Math.floor((at * tools.length) / Math.min(REHEARSALS, tools.length))];
    return `${tool?.own.replaceAll(/[_.-]/g, ' ') ?? ''} ${String(tool?.definition['description'] ?? '')}`.slice(0, QUERY_CHARS_MAX);
  });
}

/** The whole of a search; what comes of it goes nowhere. */
export function rehearse(view: SearchView, query: string): void {
  toSearchReply(search(view, { queries: [query], server: undefined, limit: LIMIT, learned: NOTHING_LEARNED }), { detail: 'brief', needsSignIn: () => false });
}
