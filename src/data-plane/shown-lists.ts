/** What an endpoint's lists look like to one client, as texts to compare: policy may show each another part of them. */
import type { EndpointSpec } from '../model/endpoint.ts';
import type { PrimitiveKind } from '../model/primitive.ts';
import type { Principal } from '../model/principal.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ListKind } from '../upstream/upstream.ts';
import type { CatalogList } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import { claimedLabels } from './policy-action.ts';
import { visibleAtOnce } from './visible-list.ts';

export type ShownLists = Readonly<Record<ListKind, string>>;

/** Who looks. */
export interface ListViewer {
  readonly principal: Principal;
  /** Of the request that asked, which may claim labels. */
  readonly params: JsonObject;
}

const NOTHING: ShownLists = { tools: '', prompts: '', resources: '' };

export interface ShownListsDeps {
  readonly catalogs: Catalogs;
  readonly snapshot: () => Snapshot;
  readonly nowMs: () => number;
  /** The text of a list of tools as the endpoint's mode of discovery shows it. */
  readonly shownTools: (tools: CatalogList, endpoint: EndpointSpec) => string;
}

export class ShownListsTable {
  readonly #deps: ShownListsDeps;
  /** The last of each view: who has the same object saw the same. */
  readonly #last = new Map<string, ShownLists>();

  constructor(deps: ShownListsDeps) {
    this.#deps = deps;
  }

  /** The same object as before where nothing changed for this viewer. */
  of(endpoint: EndpointSpec | undefined, viewer: ListViewer): ShownLists {
    if (endpoint === undefined) return NOTHING;
    const key = endpoint.namespace.policy === undefined ? endpoint.name : viewKey(endpoint.name, viewer);
    const now = this.#look(endpoint, viewer);
    const last = this.#last.get(key);
    if (last !== undefined && last.tools === now.tools && last.prompts === now.prompts && last.resources === now.resources) return last;
    this.#last.set(key, now);
    return now;
  }

  /** Views that nobody holds any more. */
  forget(held: ReadonlySet<ShownLists>): void {
    for (const [key, shown] of this.#last) if (!held.has(shown)) this.#last.delete(key);
  }

  get size(): number {
    return this.#last.size;
  }

  #look(endpoint: EndpointSpec, { principal, params }: ListViewer): ShownLists {
    const { tools, prompts, resources, resourceTemplates } = this.#deps.catalogs.of(endpoint.namespace);
    const caller = { endpoint, principal, params, snapshot: this.#deps.snapshot(), atMs: this.#deps.nowMs() };
    // What an external engine would leave is not asked here: whatever changes in the whole lists may change in its part.
    const shown = (list: CatalogList, primitive: PrimitiveKind): CatalogList => (endpoint.namespace.engine === undefined ? visibleAtOnce(list, primitive, caller) : list);
    return {
      tools: this.#deps.shownTools(shown(tools, 'tool'), endpoint),
      prompts: shown(prompts, 'prompt').modernText,
      resources: `${shown(resources, 'resource').modernText}\n${shown(resourceTemplates, 'resourceTemplate').modernText}`,
    };
  }
}

function viewKey(endpoint: string, { principal, params }: ListViewer): string {
  const { credentialId, roles, groups, client, labels } = principal;
  return JSON.stringify([endpoint, principal.id, credentialId, roles, groups, client, labels, claimedLabels(params)]);
}
