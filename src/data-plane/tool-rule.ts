/** Search rules: an endpoint that computes its tools, by tags and by what they have to do with, from those its caller may see. */
import type { EndpointSpec } from '../model/endpoint.ts';
import type { ToolRule } from '../model/discovery.ts';
import { SEPARATOR } from '../protocol/names.ts';
import { NOTHING_LEARNED } from '../search/learned-terms.ts';
import { search } from '../search/search.ts';
import { SearchIndex } from '../search/search-index.ts';
import { createView } from '../search/search-view.ts';
import { toSearchableServers } from '../search/searchable-tool.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type CatalogList, type Entry, toList } from './catalog.ts';

/** Of the best score: what has less to do with the query stays out. */
const SCORE_SHARE_MIN = 0.35;

interface Where {
  readonly endpoint: EndpointSpec;
  readonly snapshot: Snapshot;
}

const ruled = new WeakMap<CatalogList, WeakMap<ToolRule, CatalogList>>();

/** In the order of the list; the same object for the same list and rule. */
export function ruledList(list: CatalogList, rule: ToolRule, where: Where): CatalogList {
  let known = ruled.get(list);
  if (known === undefined) ruled.set(list, (known = new WeakMap<ToolRule, CatalogList>()));
  const before = known.get(rule);
  if (before !== undefined) return before;
  const tagged = [...list.entries.values()].filter((entry) => rule.tags.length === 0 || tagsOf(entry, where).some((tag) => rule.tags.includes(tag)));
  const chosen = rule.query === undefined ? new Set(tagged.slice(0, rule.max)) : bestFor(tagged, rule.query, { max: rule.max, where });
  const made = toList(new Map(tagged.filter((entry) => chosen.has(entry)).map((entry) => [entry.exposed, entry])));
  known.set(rule, made);
  return made;
}

function tagsOf({ member, own }: Entry, { endpoint, snapshot }: Where): readonly string[] {
  const override = endpoint.namespace.overrides.tool.get(member.as + SEPARATOR + own);
  return [...(snapshot.servers.get(member.server)?.tags ?? []), ...(override?.tags ?? [])];
}

function bestFor(entries: readonly Entry[], query: string, { max, where }: { readonly max: number; readonly where: Where }): ReadonlySet<Entry> {
  const { endpoint, snapshot } = where;
  const servers = toSearchableServers(entries, {
    descriptionOf: (server) => snapshot.servers.get(server)?.description ?? '',
    keywordsOf: ({ member, own }) => endpoint.namespace.overrides.tool.get(member.as + SEPARATOR + own)?.keywords ?? [],
  });
  const view = createView(SearchIndex.of(servers), () => true);
  const [answer] = search(view, { queries: [query], server: undefined, limit: max, learned: NOTHING_LEARNED });
  const found = answer?.found ?? [];
  const best = Math.max(0, ...found.map(({ score }) => score));
  const names = new Set(found.filter(({ score }) => score >= best * SCORE_SHARE_MIN).flatMap(({ tool, alternatives }) => [tool, ...alternatives].map(({ exposed }) => exposed)));
  return new Set(entries.filter(({ exposed }) => names.has(exposed)));
}
