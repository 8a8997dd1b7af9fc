/** Catalogs by namespace: made when first asked for, kept until a list changes, awaited while servers still start. */
import type { Clock } from '../base/clock.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import { factsOf } from '../policy/definitions/judge.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { ServerState, Upstreams } from '../upstream/upstreams.ts';
import { type Catalog, type Collision, mergeCatalog } from './catalog.ts';
import { createInspect, type Inspect } from './definitions.ts';

interface Kept {
  readonly epoch: number;
  readonly catalog: Catalog;
}

export class Catalogs {
  readonly #upstreams: Upstreams;
  readonly #clock: Clock;
  readonly #kept = new WeakMap<NamespaceSpec, Kept>();
  readonly #inspect: Inspect;
  readonly #waiting = new Set<() => void>();
  readonly #collided: (namespace: string, collision: Collision) => void;
  /** Collisions that were told, by namespace: each is told again only after it was gone. */
  readonly #told = new Map<string, ReadonlySet<string>>();
  #epoch = 0;
  /** Some namespace wants to know whether definitions are what they were, and harmless. */
  #isInspecting = false;
  /** Told after each change. */
  onChanged: () => void = () => undefined;

  constructor(upstreams: Upstreams, clock: Clock, collided: (namespace: string, collision: Collision) => void) {
    this.#upstreams = upstreams;
    this.#inspect = createInspect(upstreams);
    this.#clock = clock;
    this.#collided = collided;
  }

  /** Some server's lists or state changed. */
  changed(): void {
    this.#epoch++;
    for (const check of [...this.#waiting]) check();
    this.onChanged();
  }

  /**
   * The lists of this server are others. What has to be found out about its definitions is found out here, server by
   * server, so that the next catalog is not made of everything that changed at once.
   */
  listChanged(server: string): void {
    const lists = this.#isInspecting ? this.#upstreams.lists(server) : undefined;
    const instructions = this.#upstreams.profile(server)?.instructions;
    for (const definition of [...(lists?.tools ?? []), ...(lists?.prompts ?? []), ...(lists?.resourceTemplates ?? [])]) factsOf(definition, instructions);
    this.changed();
  }

  of(namespace: NamespaceSpec): Catalog {
    const kept = this.#kept.get(namespace);
    if (kept?.epoch === this.#epoch) return kept.catalog;
    this.#isInspecting ||= namespace.integrity !== undefined && namespace.integrity.mode !== 'off';
    const catalog = mergeCatalog(namespace, (server) => this.#upstreams.lists(server), this.#inspect);
    this.#kept.set(namespace, { epoch: this.#epoch, catalog });
    this.#tell(namespace.name, catalog.collisions);
    return catalog;
  }

  /** Whether one of these servers has told nothing yet and began to start less than `patienceMs` ago. */
  isStarting(servers: readonly string[], patienceMs: number): boolean {
    return servers.some((server) => this.#patienceLeftMs(server, patienceMs) > 0);
  }

  /** Resolves when none of these servers is still starting; each is waited for until its start is `patienceMs` old. */
  started(servers: readonly string[], patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#waiting.delete(check);
        stopTimer();
        resolve();
      };
      const check = (): void => {
        if (!this.isStarting(servers, patienceMs)) finish();
      };
      const leftMs = Math.max(0, ...servers.map((server) => this.#patienceLeftMs(server, patienceMs)));
      const stopTimer = this.#clock.after(leftMs, finish);
      this.#waiting.add(check);
      check();
    });
  }

  /** The state of a server of which no list is known; undefined where there is one. */
  unlisted(server: string): Pick<ServerState, 'status' | 'lastError' | 'refusal'> | undefined {
    if (this.#upstreams.lists(server) !== undefined) return undefined;
    return this.#upstreams.state(server) ?? { status: 'stopped', lastError: undefined };
  }

  #tell(namespace: string, collisions: readonly Collision[]): void {
    const told = this.#told.get(namespace);
    if (collisions.length === 0 && told === undefined) return;
    const now = new Set<string>();
    for (const collision of collisions) {
      const key = `${collision.kind} ${collision.exposed} ${collision.hidden}`;
      now.add(key);
      if (told?.has(key) !== true) this.#collided(namespace, collision);
    }
    this.#told.set(namespace, now);
  }

  #patienceLeftMs(server: string, patienceMs: number): number {
    if (this.#upstreams.lists(server) !== undefined) return 0;
    const state = this.#upstreams.state(server);
    return state?.status === 'connecting' && state.refusal === undefined ? patienceMs - (this.#clock.nowMs() - state.sinceMs) : 0;
  }

  /** Servers of the namespace whose part of the lists is missing or old, for `_meta` of list results. */
  gaps(namespace: NamespaceSpec): readonly JsonObject[] {
    const gaps: JsonObject[] = [];
    for (const { server, as } of namespace.members) {
      const lists = this.#upstreams.lists(server);
      if (lists?.isStale === true) gaps.push({ server: as, state: 'stale' });
      if (lists !== undefined) continue;
      const status = this.#upstreams.state(server)?.status ?? 'stopped';
      gaps.push({ server: as, state: status === 'ready' ? 'connecting' : status });
    }
    return gaps;
  }
}
