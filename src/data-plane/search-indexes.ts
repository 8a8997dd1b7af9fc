/**
 * The search indexes of namespaces, kept beside the message path: a change of lists is noted, and a moment later the
 * servers that changed are indexed anew, a little at a time, so that requests come through between. Until that is done
 * searches use what was there; a new configuration counts at once.
 */
import { type Clock, sleep } from '../base/clock.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import { SEPARATOR } from '../protocol/names.ts';
import { rehearsalQueries, rehearse } from '../search/rehearsals.ts';
import { SearchIndex } from '../search/search-index.ts';
import { createView, type SearchView } from '../search/search-view.ts';
import { type SearchableServer, serverWords, toSearchableServers } from '../search/searchable-tool.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { CatalogList } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import type { Engines } from './engines.ts';
import type { Decoded } from './exchange.ts';
import { claimedLabels } from './policy-action.ts';
import { visibleAtOnce, visibleList } from './visible-list.ts';

/** Changes within so long are indexed together; while they go on and on, more of them, so that searches come through between. */
const REBUILD_MS = 100;
const REBUILD_BUSY_MS = 500;
const BUSY_MS = 1_000;
/** So long an indexing may hold up everything else, about; one server is indexed in one go. */
const SLICE_MS = 3;
/** Between two slices, for whoever waits. */
const PAUSE_MS = 4;
const VIEWERS_MAX = 1_000;

export interface SearchIndexesDeps {
  readonly clock: Clock;
  readonly catalogs: Catalogs;
  readonly upstreams: Upstreams;
  readonly snapshot: () => Snapshot;
  readonly engines: Engines;
}

interface Kept {
  readonly namespace: NamespaceSpec;
  readonly tools: CatalogList;
  readonly index: SearchIndex;
  /** By what is visible. */
  readonly views: WeakMap<CatalogList, SearchView>;
  /** By who looks. */
  readonly visible: Map<string, CatalogList>;
}

/** What one principal can search in. */
export interface Searchable {
  readonly view: SearchView;
  readonly tools: CatalogList;
}

export type Viewer = Pick<Decoded, 'endpoint' | 'principal' | 'params' | 'atMs' | 'snapshot'>;

/** Tells apart whom lists may differ for: never a connection. */
export function authorizationKey({ principal, params }: Pick<Viewer, 'principal' | 'params'>): string {
  return JSON.stringify([principal, claimedLabels(params)]);
}

export class SearchIndexes {
  readonly #deps: SearchIndexesDeps;
  /** By name of the namespace. */
  readonly #kept = new Map<string, Kept>();
  /** A rebuilding is scheduled or under way. */
  #isDue = false;
  /** Something changed that no rebuilding has seen. */
  #isOutdated = false;
  #rebuiltMs = Number.NEGATIVE_INFINITY;
  #isRehearsed = false;
  #builds = 0;

  constructor(deps: SearchIndexesDeps) {
    this.#deps = deps;
  }

  /** How often some index was made anew. */
  get builds(): number {
    return this.#builds;
  }

  /** Lists or configuration changed. */
  changed(): void {
    this.#isOutdated = true;
    if (this.#isDue) return;
    this.#isDue = true;
    const { clock } = this.#deps;
    const isBusy = clock.monotonicMs() - this.#rebuiltMs < BUSY_MS;
    clock.after(isBusy ? REBUILD_BUSY_MS : REBUILD_MS, () => {
      this.#isOutdated = false;
      void this.#rebuild().finally(() => {
        this.#rebuiltMs = clock.monotonicMs();
        this.#isDue = false;
        if (this.#isOutdated) this.changed();
      });
    });
  }

  /** A promise only where an external engine is asked; it rejects with `policy.denied` where that cannot be. */
  for(viewer: Viewer): Searchable | Promise<Searchable> {
    const kept = this.#current(viewer.endpoint.namespace);
    if (viewer.endpoint.namespace.engine === undefined) return searchableIn(kept, visibleTo(viewer, kept));
    // What an engine says is remembered by `Engines`, and not for long.
    return Promise.resolve(visibleList(kept.tools, 'tool', viewer, this.#deps.engines)).then((tools) => searchableIn(kept, tools));
  }

  #current(namespace: NamespaceSpec): Kept {
    const kept = this.#kept.get(namespace.name);
    return kept?.namespace === namespace ? kept : this.#build(namespace);
  }

  /** Those that are searched in; others wait until somebody does. */
  async #rebuild(): Promise<void> {
    const names = new Set([...this.#deps.snapshot().endpoints.values()].map(({ namespace }) => namespace.name));
    for (const name of this.#kept.keys()) if (!names.has(name)) this.#kept.delete(name);
    for (const namespace of this.#searched()) await this.#buildInSlices(namespace);
  }

  #searched(): ReadonlySet<NamespaceSpec> {
    const searched = new Set<NamespaceSpec>();
    for (const { namespace, discovery } of this.#deps.snapshot().endpoints.values()) if (discovery !== undefined && discovery.mode !== 'full') searched.add(namespace);
    return searched;
  }

  async #buildInSlices(namespace: NamespaceSpec): Promise<void> {
    const { clock, catalogs } = this.#deps;
    const before = this.#kept.get(namespace.name);
    const { tools } = catalogs.of(namespace);
    if (before?.namespace === namespace && before.tools === tools) return;
    await sleep(clock, PAUSE_MS);
    const steps = SearchIndex.steps(this.#searchable(namespace, tools), before?.index);
    for (let untilMs = clock.monotonicMs() + SLICE_MS; ; ) {
      const step = steps.next();
      // Meanwhile somebody could not wait.
      if (this.#kept.get(namespace.name) !== before) return;
      if (step.done === true) {
        this.#keep(namespace, tools, step.value);
        // What fails here fails again, and is told, where somebody asks.
        void this.#rehearse(step.value).catch(() => undefined);
        return;
      }
      if (clock.monotonicMs() < untilMs) continue;
      await sleep(clock, PAUSE_MS);
      untilMs = clock.monotonicMs() + SLICE_MS;
    }
  }

  /** Once: a process searches several times faster when it has done so for a while. */
  async #rehearse(index: SearchIndex): Promise<void> {
    if (this.#isRehearsed || index.toolCount === 0) return;
    this.#isRehearsed = true;
    const view = createView(index, () => true);
    for (const query of rehearsalQueries(index)) {
      await sleep(this.#deps.clock, PAUSE_MS);
      rehearse(view, query);
    }
  }

  /** In one go. */
  #build(namespace: NamespaceSpec): Kept {
    const before = this.#kept.get(namespace.name);
    const { tools } = this.#deps.catalogs.of(namespace);
    if (before?.namespace === namespace && before.tools === tools) return before;
    return this.#keep(namespace, tools, SearchIndex.of(this.#searchable(namespace, tools), before?.index));
  }

  #keep(namespace: NamespaceSpec, tools: CatalogList, index: SearchIndex): Kept {
    const kept: Kept = { namespace, tools, index, views: new WeakMap(), visible: new Map() };
    this.#kept.set(namespace.name, kept);
    this.#builds++;
    return kept;
  }

  #searchable(namespace: NamespaceSpec, tools: CatalogList): readonly SearchableServer[] {
    const { upstreams, snapshot } = this.#deps;
    const { servers } = snapshot();
    return toSearchableServers(tools.entries.values(), {
      descriptionOf: (server) => serverWords(servers.get(server)?.description, upstreams.profile(server)),
      keywordsOf: ({ member, own }) => namespace.overrides.tool.get(member.as + SEPARATOR + own)?.keywords ?? [],
    });
  }
}

function visibleTo(viewer: Viewer, { visible, tools }: Kept): CatalogList {
  const key = `${viewer.endpoint.name}\n${authorizationKey(viewer)}`;
  const known = visible.get(key);
  if (known !== undefined) return known;
  const shown = visibleAtOnce(tools, 'tool', viewer);
  if (visible.size >= VIEWERS_MAX) visible.clear();
  visible.set(key, shown);
  return shown;
}

function searchableIn({ index, views }: Kept, tools: CatalogList): Searchable {
  let view = views.get(tools);
  if (view === undefined) views.set(tools, (view = createView(index, ({ exposed }) => tools.entries.has(exposed))));
  return { view, tools };
}
