/** What operators ask of discovery: what lists cost, how well the search finds, where a call of a group would go, which tools do the same. */
import type { EndpointSpec } from '../model/endpoint.ts';
import type { ToolRule } from '../model/discovery.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import { ANONYMOUS } from '../model/principal.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { META_LABELS } from '../protocol/meta.ts';
import { SEPARATOR } from '../protocol/names.ts';
import { toAlternatives } from '../search/alternatives.ts';
import { compareEvaluations, evaluate, type Evaluation, type EvaluationDifference } from '../search/evaluate.ts';
import type { EvaluationCase } from '../search/evaluation-cases.ts';
import { NOTHING_LEARNED } from '../search/learned-terms.ts';
import { search } from '../search/search.ts';
import { toSearchReply } from '../search/search-reply.ts';
import { SearchIndex } from '../search/search-index.ts';
import { createView, type SearchView } from '../search/search-view.ts';
import { serverWords, toSearchableServers } from '../search/searchable-tool.ts';
import { estimateTokens } from '../search/token-estimate.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { Catalogs } from './catalogs.ts';
import type { Discovery } from './discovery.ts';
import { explanationOf } from './groups.ts';
import { nameKey } from '../search/name-key.ts';
import { ruledList } from './tool-rule.ts';

export interface DiscoveryDeskDeps {
  readonly catalogs: Catalogs;
  readonly upstreams: Upstreams;
  readonly snapshot: () => Snapshot;
  readonly discovery: Discovery;
  readonly nowMs: () => number;
}

export interface ContextCost {
  readonly toolCount: number;
  /** All definitions, and what a list of this endpoint shows instead of them. */
  readonly fullTokens: number;
  readonly listedTokens: number;
  readonly servers: readonly { readonly server: string; readonly toolCount: number; readonly tokens: number }[];
  /** The dearest tools, at most twenty. */
  readonly tools: readonly { readonly name: string; readonly tokens: number }[];
}

export interface GroupSuggestion {
  readonly tools: readonly string[];
  readonly reason: string;
}

const ROWS_SHOWN = 5;
const ROWS_JUDGED = 10;
const DEAREST_MAX = 20;
const SUGGESTIONS_MAX = 100;

export class DiscoveryDesk {
  readonly #deps: DiscoveryDeskDeps;

  constructor(deps: DiscoveryDeskDeps) {
    this.#deps = deps;
  }

  /** Of an endpoint as someone without restrictions sees it. */
  costOf(endpoint: EndpointSpec): ContextCost {
    const { catalogs, discovery, snapshot, nowMs } = this.#deps;
    const { tools } = catalogs.of(endpoint.namespace);
    const ruled = endpoint.tools === undefined ? tools : ruledList(tools, endpoint.tools, { endpoint, snapshot: snapshot() });
    const caller = { endpoint, principal: ANONYMOUS, params: {}, atMs: nowMs(), snapshot: snapshot(), client: { revision: '2025-11-25', capabilities: {}, info: undefined, logLevel: undefined, session: undefined } } as const;
    const servers = new Map<string, { toolCount: number; tokens: number }>();
    const costs = [...ruled.entries.values()].map((entry) => ({ name: entry.exposed, server: entry.member.as, tokens: estimateTokens(JSON.stringify(entry.definition)) }));
    for (const { server, tokens } of costs) {
      const sum = servers.get(server) ?? { toolCount: 0, tokens: 0 };
      servers.set(server, { toolCount: sum.toolCount + 1, tokens: sum.tokens + tokens });
    }
    return {
      toolCount: costs.length,
      fullTokens: estimateTokens(ruled.legacyText),
      listedTokens: estimateTokens(discovery.shown(ruled, caller).legacyText),
      servers: [...servers].map(([server, sum]) => ({ server, ...sum })).toSorted((left, right) => right.tokens - left.tokens),
      tools: costs.toSorted((left, right) => right.tokens - left.tokens).slice(0, DEAREST_MAX).map(({ name, tokens }) => ({ name, tokens })),
    };
  }

  /** The reply to these queries as a client would read it. */
  search(endpoint: EndpointSpec, queries: readonly string[], limit: number): { readonly text: string; readonly structured: JsonObject; readonly tokens: number } {
    const answers = search(this.#viewOf(endpoint.namespace), { queries, server: undefined, limit, learned: NOTHING_LEARNED });
    const { text, structured } = toSearchReply(answers, { detail: 'brief', needsSignIn: () => false });
    return { text, structured, tokens: estimateTokens(text) };
  }

  /** `against`: the namespace as another configuration has it, over the same lists. */
  async evaluate(namespace: NamespaceSpec, cases: readonly EvaluationCase[], against: NamespaceSpec | undefined): Promise<{ readonly evaluation: Evaluation; readonly against: Evaluation | undefined; readonly difference: EvaluationDifference | undefined }> {
    const evaluation = await this.#evaluate(namespace, cases);
    const other = against && (await this.#evaluate(against, cases));
    return { evaluation, against: other, difference: other && compareEvaluations(evaluation, other) };
  }

  /** Where a call would go, for a caller with these labels; undefined where there is no such group. */
  route(endpoint: EndpointSpec, call: { readonly group: string; readonly arguments: JsonObject; readonly labels: JsonObject }): JsonObject | undefined {
    const { discovery, snapshot, nowMs } = this.#deps;
    const group = endpoint.namespace.groups?.get(call.group);
    const params = { _meta: { [META_LABELS]: call.labels } };
    return group && explanationOf(discovery.groups.explain(group, call.arguments, { endpoint, principal: ANONYMOUS, params, atMs: nowMs(), snapshot: snapshot() }));
  }

  previewRule(endpoint: EndpointSpec, rule: ToolRule): { readonly tools: readonly string[]; readonly tokens: number } {
    const { tools } = this.#deps.catalogs.of(endpoint.namespace);
    const ruled = ruledList(tools, rule, { endpoint, snapshot: this.#deps.snapshot() });
    return { tools: [...ruled.entries.keys()], tokens: estimateTokens(ruled.modernText) };
  }

  /** Tools of several servers that look alike; people decide whether they are. */
  suggestGroups(namespace: NamespaceSpec): readonly GroupSuggestion[] {
    const { index } = this.#viewOf(namespace);
    const byName = new Map<string, { readonly tool: SearchIndex['parts'][number]['server']['tools'][number]; readonly server: SearchIndex['parts'][number]['server'] }[]>();
    for (const { server } of index.parts) {
      for (const tool of server.tools) {
        const key = nameKey(tool.own);
        if (key === undefined || tool.members !== undefined) continue;
        const alike = byName.get(key);
        if (alike === undefined) byName.set(key, [{ tool, server }]);
        else alike.push({ tool, server });
      }
    }
    const suggestions = [...byName.values()].flatMap((alike) => {
      const rows = toAlternatives(alike.map(({ tool, server }) => ({ tool, server, band: 'weak' as const, score: 0, alternatives: [] })));
      const names = new Map(alike.map(({ tool, server }) => [tool.exposed, server.name + SEPARATOR + tool.own]));
      return rows.filter(({ alternatives }) => alternatives.length > 0).map(({ tool, alternatives }) => ({ tools: [tool, ...alternatives].map(({ exposed }) => names.get(exposed) ?? exposed), reason: 'the same name, required arguments and a like description' }));
    });
    return suggestions.slice(0, SUGGESTIONS_MAX);
  }

  #evaluate(namespace: NamespaceSpec, cases: readonly EvaluationCase[]): Promise<Evaluation> {
    const view = this.#viewOf(namespace);
    return evaluate(cases, (query) => {
      const answers = search(view, { queries: [query], server: undefined, limit: ROWS_JUDGED, learned: NOTHING_LEARNED });
      const found = answers.flatMap((answer) => answer.found);
      const { text } = toSearchReply(answers.map((answer) => ({ ...answer, found: answer.found.slice(0, ROWS_SHOWN) })), { detail: 'brief', needsSignIn: () => false });
      return { ids: found.map(({ tool }) => tool.exposed), band: found[0]?.band, tokens: estimateTokens(text) };
    });
  }

  #viewOf(namespace: NamespaceSpec): SearchView {
    const { catalogs, upstreams, snapshot } = this.#deps;
    const servers = toSearchableServers(catalogs.of(namespace).tools.entries.values(), {
      descriptionOf: (server) => serverWords(snapshot().servers.get(server)?.description, upstreams.profile(server)),
      keywordsOf: ({ member, own }) => namespace.overrides.tool.get(member.as + SEPARATOR + own)?.keywords ?? [],
    });
    return createView(SearchIndex.of(servers), () => true);
  }
}

/** Cases as a request carries them. */
export function toCases(cases: readonly { readonly query: string; readonly tools: readonly (string | readonly string[])[] }[]): readonly EvaluationCase[] {
  return cases.map(({ query, tools }) => ({ query, needs: tools.map((need) => (typeof need === 'string' ? [need] : need)) }));
}

/** The parts of an evaluation that leave: figures, and queries whose needs the first rows miss. */
export function figuresOf({ cases, ...figures }: Evaluation): Omit<Evaluation, 'cases'> & { readonly misses: readonly { readonly query: string; readonly found: readonly string[] }[] } {
  const misses = cases.filter(({ places }) => places.some((place) => place === undefined || place > ROWS_SHOWN));
  return { ...figures, misses: misses.map(({ query, reply }) => ({ query, found: reply.ids.slice(0, ROWS_SHOWN) })) };
}
