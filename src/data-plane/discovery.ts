/**
 * Discovery: how an endpoint shows its tools. Instead of a long list a client gets a few tools of ours, which find,
 * describe and call the others. A call through them becomes the call of the real tool before it is resolved, so limits,
 * policy, middleware, approvals and every record see the real name.
 */
import type { Clock } from '../base/clock.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import { type CodeToolName, codeToolDefinitions, isCodeToolName } from '../code-mode/code-tools.ts';
import { toDeclarations } from '../code-mode/declarations.ts';
import { isPerPrincipal } from '../model/server-auth.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { answerMetaTool, type MetaToolContext } from '../search/answer-meta-tool.ts';
import { type DiscoveryMode, DiscoveryModes } from '../search/discovery-mode.ts';
import { NOTHING_LEARNED } from '../search/learned-terms.ts';
import { parseSearchArguments } from '../search/meta-arguments.ts';
import { isMetaToolName, type MetaToolName, metaToolDefinitions, type MetaToolOptions } from '../search/meta-tools.ts';
import type { NearestTools } from '../search/nearest-tools.ts';
import { search } from '../search/search.ts';
import { compareText } from '../search/search-index.ts';
import type { SearchView } from '../search/search-view.ts';
import type { SearchableTool } from '../search/searchable-tool.ts';
import { estimateTokens } from '../search/token-estimate.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import { type CatalogList, toList } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import { CONTINUATION_PREFIX, type Continuations } from './continuations.ts';
import type { Decoded, Resolved } from './exchange.ts';
import { Embeddings, type EmbeddingsDeps } from './embeddings.ts';
import { Groups } from './groups.ts';
import { LearnedUses } from './learned-uses.ts';
import type { ApprovalDesk } from './approval.ts';
import { authorizationKey, SearchIndexes, type SearchIndexesDeps, type Viewer } from './search-indexes.ts';
import { Scripts, type ScriptsDeps, type ServeNested } from './scripts.ts';
import { isServerToolName, serverToolDefinitions, ServerFinder, type ServerShop, type ServerToolName } from './server-shop.ts';
import type { SignInDesk } from './sign-in.ts';
import { isTrusted } from './trusted-tools.ts';
import { unknownTarget } from './unknown-target.ts';

/** As long as a list waits for servers that are still starting. */
const PATIENCE_MS = 5_000;

export interface DiscoveryDeps extends SearchIndexesDeps {
  readonly clock: Clock;
  readonly catalogs: Catalogs;
  readonly upstreams: Upstreams;
  readonly signIns?: SignInDesk | undefined;
  readonly scripts: ScriptsDeps;
  /** What was cut from results and can be had by its URI. */
  readonly continuations: Continuations;
  /** Undefined: searches go by words alone. */
  readonly embeddings?: EmbeddingsDeps | undefined;
  /** Undefined: clients find no servers. */
  readonly shop?: ServerShop | undefined;
  readonly approvals?: ApprovalDesk | undefined;
}

type Caller = Viewer & Pick<Decoded, 'client'>;

export class Discovery {
  readonly #deps: DiscoveryDeps;
  readonly #indexes: SearchIndexes;
  readonly groups: Groups;
  readonly #scripts: Scripts;
  readonly #modes = new DiscoveryModes();
  readonly #learned: LearnedUses;
  readonly #embeddings: Embeddings | undefined;
  readonly #finder: ServerFinder | undefined;
  readonly #costs = new WeakMap<CatalogList, number>();

  constructor(deps: DiscoveryDeps) {
    this.#deps = deps;
    this.#indexes = new SearchIndexes(deps);
    this.groups = new Groups(deps);
    this.#scripts = new Scripts(deps.scripts);
    this.#learned = new LearnedUses(deps.clock);
    this.#embeddings = deps.embeddings && new Embeddings(deps.embeddings);
    this.#finder = deps.shop && new ServerFinder({ shop: deps.shop, approvals: deps.approvals });
    deps.catalogs.onChanged = () => this.#indexes.changed();
  }

  /** Scripts that run now, each in a worker. */
  get scriptsRunning(): number {
    return this.#scripts.running;
  }

  /** How often a search index was made anew. */
  get indexBuilds(): number {
    return this.#indexes.builds;
  }

  /** What `tools/list` shows of the tools that the caller may see: all of them, or pins and tools of ours. */
  shown(tools: CatalogList, caller: Caller): CatalogList {
    const spec = caller.endpoint.discovery;
    const mode = this.modeFor(tools, caller);
    if (spec === undefined || mode === 'full') return tools;
    if (mode === 'code') return withOwnTools(tools, spec.pins, codeToolDefinitions(serversOf(tools), spec.searchDescription));
    const { revision } = caller.client;
    const options: MetaToolOptions = { searchDescription: spec.searchDescription, hasOutputSchema: revision >= '2025-06-18', hasTasks: revision === '2025-11-25' && this.#hasTasks(caller) };
    const shop = this.#finderOf(caller.endpoint) === undefined ? [] : serverToolDefinitions();
    return withOwnTools(tools, spec.pins, [...metaToolDefinitions(serversOf(tools), options), ...shop]);
  }

  /** Decided anew whenever a list is asked for, and remembered by endpoint and authorization. */
  modeFor(tools: CatalogList, { endpoint, principal, params }: Pick<Caller, 'endpoint' | 'principal' | 'params'>): DiscoveryMode | 'code' {
    const spec = endpoint.discovery;
    if (spec === undefined) return 'full';
    if (spec.mode !== 'auto') return spec.mode;
    return this.#modes.decide(endpoint.name, authorizationKey({ principal, params }), { tokens: this.#costOf(tools), budgetTokens: spec.budgetTokens });
  }

  /**
   * Answers a call of a tool of ours, or makes it the call of the real tool, in place. Undefined: the call goes its way,
   * at once for all calls that are none of ours.
   */
  take(exchange: Decoded, serve: ServeNested): undefined | Promise<Outcome | undefined> {
    const { discovery, tools } = exchange.endpoint;
    const { name } = exchange.params;
    if (exchange.method !== 'tools/call' || typeof name !== 'string') return undefined;
    if (discovery?.mode === 'code' && isCodeToolName(name)) return this.#code(name, exchange, serve);
    const isSearched = discovery !== undefined && discovery.mode !== 'full' && discovery.mode !== 'code';
    if (isSearched && isMetaToolName(name)) return this.#answer(name, exchange);
    const finder = isSearched && isServerToolName(name) ? this.#finderOf(exchange.endpoint) : undefined;
    if (finder !== undefined) return this.#findServers(finder, name as ServerToolName, exchange);
    return tools === undefined ? this.groups.take(exchange) : this.#checkRule(name, exchange);
  }

  /** Only at endpoints of the operator: what is added is everybody's. */
  #finderOf({ discovery, owner }: EndpointSpec): ServerFinder | undefined {
    return discovery?.isFindingServers === true && owner === undefined ? this.#finder : undefined;
  }

  async #findServers(finder: ServerFinder, name: ServerToolName, exchange: Decoded): Promise<Outcome> {
    Object.assign(exchange, { via: name });
    const { tools } = await this.#indexes.for(exchange);
    return finder.answer(name, exchange, new Set([...tools.entries.values()].map(({ member }) => member.server)));
  }

  /** What the endpoint's rule leaves out does not exist there. Throws `routing.unknown`. */
  async #checkRule(name: string, exchange: Decoded): Promise<Outcome | undefined> {
    await this.#started(exchange);
    const { tools } = await this.#indexes.for(exchange);
    if (!tools.entries.has(name)) throw unknownTarget(exchange.method, exchange.params, 'the rule of the endpoint leaves it out');
    return this.groups.take(exchange);
  }

  /** The outcome of a call is known: members of groups fare accordingly, and searches that led to it learn. */
  ended(exchange: Decoded, outcome: Outcome): void {
    this.groups.ended(exchange, outcome);
    if (exchange.endpoint.discovery?.isLearning !== true || exchange.method !== 'tools/call') return;
    const { target } = exchange as Partial<Pick<Resolved, 'target'>>;
    if (target?.entry === undefined || outcome.kind !== 'result' || outcome.result.member('isError') === 'true') return;
    this.#learned.of(exchange).succeeded(exchange.principal.id, target.entry.exposed);
  }

  async #answer(name: MetaToolName, exchange: Decoded): Promise<Outcome | undefined> {
    const { endpoint, params } = exchange;
    const rest = this.#restOf(name, exchange);
    if (rest !== undefined) return rest;
    await this.#started(exchange);
    const { view, tools } = await this.#indexes.for(exchange);
    // A list that is shown whole may hold a tool of this name.
    if (tools.entries.has(name) && this.modeFor(tools, exchange) === 'full') return undefined;
    const context: MetaToolContext = {
      view,
      learned: endpoint.discovery?.isLearning === true ? this.#learned.frozenFor(exchange) : this.#learned.nothing,
      nearest: name === 'search_tools' ? await this.#nearest(exchange, view) : undefined,
      isTrustedToRead: (tool) => isTrusted(tools.entries.get(tool.exposed), exchange),
      needsSignIn: await this.#signInsMissing(exchange),
      hasStructuredContent: exchange.client.revision >= '2025-06-18',
    };
    Object.assign(exchange, { via: name });
    const answer = answerMetaTool(name, isObject(params['arguments']) ? params['arguments'] : {}, context);
    if (answer.kind === 'call') {
      redirect(exchange, answer.tool, answer.arguments);
      return this.groups.take(exchange);
    }
    if (answer.found !== undefined && endpoint.discovery?.isLearning === true) this.#learned.of(exchange).searched(exchange.principal.id, answer.found);
    return { kind: 'result', result: RawObject.of(answer.result) };
  }

  /** A result's rest, asked for as if it were a tool: many a model can call tools and nothing else. */
  #restOf(via: MetaToolName, exchange: Decoded): Outcome | undefined {
    const given = exchange.params['arguments'];
    const name = isObject(given) ? given['name'] : undefined;
    if (via !== 'call_read_tool' || typeof name !== 'string' || !name.startsWith(CONTINUATION_PREFIX)) return undefined;
    Object.assign(exchange, { via });
    const text = this.#deps.continuations.page(exchange, name);
    if (text === undefined) throw unknownTarget(exchange.method, { name });
    return { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text }] }) };
  }

  /** A script that runs a script would double its limits: there, the tools of code mode do not exist. */
  async #code(name: CodeToolName, exchange: Decoded, serve: ServeNested): Promise<Outcome> {
    if (exchange.via === 'run_code') throw unknownTarget(exchange.method, exchange.params);
    Object.assign(exchange, { via: name });
    if (name === 'run_code') return this.#scripts.run(exchange, serve);
    await this.#started(exchange);
    const given = exchange.params['arguments'];
    const { view } = await this.#indexes.for(exchange);
    return { kind: 'result', result: RawObject.of(searchApi(isObject(given) ? given : {}, view, await this.#nearest(exchange, view))) };
  }

  async #nearest({ endpoint, params }: Decoded, view: SearchView): Promise<NearestTools | undefined> {
    const spec = endpoint.discovery?.embeddings;
    if (spec === undefined || this.#embeddings === undefined) return undefined;
    const parsed = parseSearchArguments(isObject(params['arguments']) ? params['arguments'] : {});
    return parsed.isValid ? this.#embeddings.nearest({ spec, owner: endpoint.owner }, view, parsed.value.queries) : undefined;
  }

  async #started({ endpoint }: Decoded): Promise<void> {
    const { catalogs } = this.#deps;
    const servers = endpoint.namespace.members.map(({ server }) => server);
    if (catalogs.isStarting(servers, PATIENCE_MS)) await catalogs.started(servers, PATIENCE_MS);
  }

  /** Servers, as shown, where the principal has to sign in first; where that cannot be known, nothing is said. */
  async #signInsMissing({ endpoint, principal, snapshot }: Decoded): Promise<(server: string) => boolean> {
    const { signIns } = this.#deps;
    const personal = signIns === undefined ? [] : endpoint.namespace.members.filter(({ server }) => isPerPrincipal(snapshot.servers.get(server)?.auth));
    const missing = new Set<string>();
    for (const { server, as } of personal) {
      const isGiven = await signIns?.isGiven(server, principal.id).catch(() => true);
      if (isGiven === false) missing.add(as);
    }
    return (server) => missing.has(server);
  }

  #hasTasks({ endpoint }: Caller): boolean {
    return endpoint.namespace.members.some(({ server }) => {
      const profile = this.#deps.upstreams.profile(server);
      return profile?.family === 'legacy' && isObject(profile.capabilities['tasks']);
    });
  }

  #costOf(tools: CatalogList): number {
    const known = this.#costs.get(tools);
    if (known !== undefined) return known;
    const tokens = estimateTokens(tools.modernText);
    this.#costs.set(tools, tokens);
    return tokens;
  }
}

/** The declarations of what was found, each tool once, the best of each query first. */
function searchApi(given: JsonObject, view: SearchView, nearest: NearestTools | undefined): JsonObject {
  const parsed = parseSearchArguments(given);
  if (!parsed.isValid) return { content: [{ type: 'text', text: parsed.problem }], isError: true };
  const found = search(view, { ...parsed.value, learned: NOTHING_LEARNED, nearest }).flatMap((answer) => answer.found.map(({ tool }) => tool));
  const text = found.length === 0 ? 'Nothing found. Try other words: action, object, product.' : toDeclarations([...new Set(found)]);
  return { content: [{ type: 'text', text }] };
}

/** The exchange goes on as a call of this tool; its client never saw the tool's schema, so no header mirrors its arguments. */
function redirect(exchange: Decoded, tool: Pick<SearchableTool, 'exposed'>, given: JsonObject): void {
  Object.assign(exchange, { params: { ...exchange.params, name: tool.exposed, arguments: given } });
}

/** Servers that offer some of these tools, by name. */
function serversOf(tools: CatalogList): readonly string[] {
  return [...new Set([...tools.entries.values()].map(({ member }) => member.as))].toSorted(compareText);
}

function withOwnTools(tools: CatalogList, pins: readonly string[], definitions: readonly JsonObject[]): CatalogList {
  const pinned = pins.flatMap((name) => tools.entries.get(name) ?? []);
  const shown = toList(new Map(pinned.map((entry) => [entry.exposed, entry])));
  const own = definitions.map((definition) => JSON.stringify(definition));
  const joined = (text: string): string => [...own, ...(text === '' ? [] : [text])].join(',');
  return { entries: shown.entries, modernText: joined(shown.modernText), legacyText: joined(shown.legacyText) };
}

/** What decides whether the list of an endpoint is another: while tools are searched, only what is listed instead of them. */
export function shownText(tools: CatalogList, { discovery, namespace }: EndpointSpec): string {
  if (discovery === undefined || discovery.mode === 'full') return tools.modernText;
  const isSurelySearched = discovery.mode !== 'auto' || (namespace.policy === undefined && estimateTokens(tools.modernText) > discovery.budgetTokens);
  if (!isSurelySearched) return tools.modernText;
  const pinned = discovery.pins.map((name) => JSON.stringify(tools.entries.get(name)?.definition));
  return [...serversOf(tools), ...pinned].join('\n');
}
