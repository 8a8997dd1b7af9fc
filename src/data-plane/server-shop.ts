/**
 * Servers that a client may find and ask for: `search_servers` searches the operator's catalogue with the same ranking as
 * tools, `add_server` adds one to the namespace of the endpoint once a person has approved exactly that. Both exist where
 * the configuration of the endpoint says so.
 */
import { Fault } from '../base/fault.ts';
import { DEFAULT_APPROVAL_TERMS } from '../model/policy.ts';
import type { Principal } from '../model/principal.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { firstSentence } from '../search/first-sentence.ts';
import { NOTHING_LEARNED } from '../search/learned-terms.ts';
import { parseSearchArguments } from '../search/meta-arguments.ts';
import { search } from '../search/search.ts';
import { SearchIndex } from '../search/search-index.ts';
import { createView, type SearchView } from '../search/search-view.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { ApprovalDesk } from './approval.ts';
import type { Decoded } from './exchange.ts';

export interface ServerOffer {
  /** As the registry names it, e.g. `io.github.someone/something`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: string | undefined;
  /** Its name in the configuration. */
  readonly server: string;
  /** What would be configured. */
  readonly config: JsonObject;
  /** Why it cannot be added from here; undefined: it can. */
  readonly problem: string | undefined;
}

/** What the operator lets clients find. */
export interface ServerShop {
  /** The same array while nothing changed. Rejects where the catalogue cannot be read. */
  list(): Promise<readonly ServerOffer[]>;
  /** Into the configuration and the namespace. Rejects with `request.conflict`, `config.invalid`, `storage.unavailable`. */
  add(offer: ServerOffer, to: { readonly namespace: string; readonly principal: Principal; readonly approval: string }): Promise<void>;
}

export interface ServerFinderDeps {
  readonly shop: ServerShop;
  readonly approvals: ApprovalDesk | undefined;
}

const SERVER_TOOL_NAMES = ['search_servers', 'add_server'] as const;
export type ServerToolName = (typeof SERVER_TOOL_NAMES)[number];

const ABOUT_CHARS_MAX = 100;
const RULE = 'add_server';

export function isServerToolName(name: string): name is ServerToolName {
  return (SERVER_TOOL_NAMES as readonly string[]).includes(name);
}

export function serverToolDefinitions(): readonly JsonObject[] {
  return [
    {
      name: 'search_servers' satisfies ServerToolName,
      description: 'Find servers that are not here yet, where no tool fits.',
      inputSchema: { type: 'object', properties: { queries: { type: 'array', items: { type: 'string' } }, limit: { type: 'integer' } }, required: ['queries'] },
      annotations: { readOnlyHint: true },
    },
    {
      name: 'add_server' satisfies ServerToolName,
      description: 'Ask a person to add a found server.',
      inputSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      annotations: { destructiveHint: false, openWorldHint: true },
    },
  ];
}

export class ServerFinder {
  readonly #deps: ServerFinderDeps;
  readonly #views = new WeakMap<readonly ServerOffer[], SearchView>();

  constructor(deps: ServerFinderDeps) {
    this.#deps = deps;
  }

  /** `here`: servers of which the caller sees something. Rejects with `policy.approval_needed`, `policy.denied`, and as the shop does. */
  async answer(name: ServerToolName, exchange: Decoded, here: ReadonlySet<string>): Promise<Outcome> {
    const given = isObject(exchange.params['arguments']) ? exchange.params['arguments'] : {};
    const offers = await this.#deps.shop.list();
    if (name === 'search_servers') return this.#search(given, offers, here);
    const offer = offers.find((each) => each.name === given['name']);
    if (offer === undefined) return mistake('name: expected a name that search_servers found');
    if (here.has(offer.server)) return result(`${offer.name} is here already: search_tools finds its tools.`, { name: offer.name });
    if (offer.problem !== undefined) return mistake(`${offer.name} cannot be added: ${offer.problem}`);
    return this.#add(offer, exchange);
  }

  #search(given: JsonObject, offers: readonly ServerOffer[], here: ReadonlySet<string>): Outcome {
    const parsed = parseSearchArguments(given);
    if (!parsed.isValid) return mistake(parsed.problem);
    const byName = new Map(offers.map((offer) => [offer.name, offer]));
    const answers = search(this.#viewOf(offers), { ...parsed.value, server: undefined, learned: NOTHING_LEARNED });
    const found = new Set(answers.flatMap((answer) => answer.found.flatMap(({ tool }) => byName.get(tool.exposed) ?? [])));
    const rows = [...found].map((offer): JsonObject => ({ name: offer.name, about: firstSentence(offer.description, ABOUT_CHARS_MAX), ...stateOf(offer, here) }));
    const lines = rows.map(({ name, about, state }) => `${String(name)}: ${String(about)}${state === undefined ? '' : ` [${String(state)}]`}`);
    return result(lines.length === 0 ? 'Nothing found. Try other words.' : lines.join('\n'), { servers: rows });
  }

  async #add(offer: ServerOffer, { endpoint, principal }: Decoded): Promise<Outcome> {
    const { approvals, shop } = this.#deps;
    if (approvals === undefined) throw new Fault('policy.denied', { detail: 'nobody approves calls here' });
    const reason = `adds the server ${offer.server} to the namespace ${endpoint.namespace.name}`;
    // Whoever approves sees what would run, and approves that alone: another entry of the same name is another question.
    const asked = { name: offer.name, version: offer.version ?? null, config: offer.config };
    const answer = await approvals.request({ principal, endpoint: endpoint.name, namespace: endpoint.namespace.name, server: offer.server, method: 'tools/call', name: RULE, arguments: asked, rule: RULE, reason, terms: DEFAULT_APPROVAL_TERMS });
    if (answer.state === 'denied') throw new Fault('policy.denied', { message: `A person denied this${answer.note === undefined ? '.' : `: ${answer.note}`}`, reason: 'approval_denied', data: { approval: answer.id } });
    if (answer.state === 'pending') throw needed(answer.id, answer.url);
    if (!(await approvals.consume(answer.id))) throw needed(answer.id, answer.url);
    await shop.add(offer, { namespace: endpoint.namespace.name, principal, approval: answer.id });
    return result(`${offer.name} was added as ${offer.server}. Its tools can be found once it has started.`, { name: offer.name, server: offer.server });
  }

  #viewOf(offers: readonly ServerOffer[]): SearchView {
    const known = this.#views.get(offers);
    if (known !== undefined) return known;
    const tools = offers.map(({ name, title, description, server }) => ({ exposed: name, own: server, definition: { title, description }, keywords: [] }));
    const made = createView(SearchIndex.of([{ name: 'catalogue', description: '', tools }]), () => true);
    this.#views.set(offers, made);
    return made;
  }
}

function stateOf({ server, problem }: ServerOffer, here: ReadonlySet<string>): JsonObject {
  if (here.has(server)) return { state: 'here already' };
  return problem === undefined ? {} : { state: problem };
}

function needed(id: string, url: string): Fault {
  return new Fault('policy.approval_needed', { message: `A person must approve this first: ${url} (approval ${id}). Then call again with the same arguments.`, reason: 'approval_pending', data: { approval: id, url } });
}

function result(text: string, structured: JsonObject): Outcome {
  return { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text }], structuredContent: structured }) };
}

function mistake(text: string): Outcome {
  return { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text }], isError: true }) };
}
