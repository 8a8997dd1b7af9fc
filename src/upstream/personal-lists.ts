/**
 * What a server to which everybody signs in offers to those who have not yet. Its own connection borrows a grant to read
 * the lists, so of these only what describes the server is shown to others: tools, prompts and templates, never the
 * resources, which are the lender's. A tool of ours leads whoever wants it to the sign-in, also while nobody has signed in.
 */
import type { JsonObject } from '../protocol/messages.ts';
import type { ServerLists } from './upstreams.ts';

export const SIGN_IN_TOOL = 'sign_in';

const NOTHING: ServerLists = { version: 0, isStale: false, tools: [], prompts: [], resources: [], resourceTemplates: [] };

export class PersonalLists {
  readonly #tool: JsonObject;
  #source: ServerLists | undefined;
  #lists: ServerLists;

  constructor(server: string) {
    this.#tool = {
      name: SIGN_IN_TOOL,
      title: 'Sign in',
      description: `Sign in to ${server}. Its other tools act with the account of whoever signed in.`,
      inputSchema: { type: 'object', properties: {} },
      annotations: { readOnlyHint: true, openWorldHint: true },
    };
    this.#lists = { ...NOTHING, tools: [this.#tool] };
    OURS.add(this.#lists);
  }

  /** The same object for the same lists. */
  from(source: ServerLists | undefined): ServerLists {
    if (source === this.#source || source === undefined) return this.#lists;
    const hasOwn = source.tools.some((tool) => tool['name'] === SIGN_IN_TOOL);
    this.#source = source;
    this.#lists = { ...source, tools: hasOwn ? source.tools : [...source.tools, this.#tool], resources: [] };
    if (!hasOwn) OURS.add(this.#lists);
    return this.#lists;
  }
}

const described = new WeakMap<ServerLists, ServerLists>();

/** Lists that were read for somebody, as all may see them: without the resources. The same object for the same lists. */
export function describing(source: ServerLists): ServerLists {
  const known = described.get(source) ?? { ...source, resources: [] };
  described.set(source, known);
  return known;
}

const OURS = new WeakSet<ServerLists>();

/** Whether the tool of that name in these lists is ours. */
export function offersSignIn(lists: ServerLists | undefined): boolean {
  return lists !== undefined && OURS.has(lists);
}
