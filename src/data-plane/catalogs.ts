/** Catalogs by namespace: made when first asked for, kept until a list changes, awaited while servers still start. */
import type { Clock } from '../base/clock.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import { type Catalog, mergeCatalog } from './catalog.ts';

interface Kept {
  readonly epoch: number;
  readonly catalog: Catalog;
}

export class Catalogs {
  readonly #upstreams: Upstreams;
  readonly #clock: Clock;
  readonly #kept = new WeakMap<NamespaceSpec, Kept>();
  readonly #waiting = new Set<() => void>();
  #epoch = 0;

  constructor(upstreams: Upstreams, clock: Clock) {
    this.#upstreams = upstreams;
    this.#clock = clock;
  }

  /** Some server's lists or state changed. */
  changed(): void {
    this.#epoch++;
    for (const check of [...this.#waiting]) check();
  }

  of(namespace: NamespaceSpec): Catalog {
    const kept = this.#kept.get(namespace);
    if (kept?.epoch === this.#epoch) return kept.catalog;
    const catalog = mergeCatalog(namespace, (server) => this.#upstreams.lists(server));
    this.#kept.set(namespace, { epoch: this.#epoch, catalog });
    return catalog;
  }

  /** Whether one of these servers is starting and has told nothing yet. */
  isStarting(servers: readonly string[]): boolean {
    return servers.some((server) => this.#upstreams.lists(server) === undefined && this.#upstreams.state(server)?.status === 'connecting');
  }

  /** Resolves when none of these servers is still starting, after `timeoutMs` at the latest. */
  started(servers: readonly string[], timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#waiting.delete(check);
        stopTimer();
        resolve();
      };
      const check = (): void => {
        if (!this.isStarting(servers)) finish();
      };
      const stopTimer = this.#clock.after(timeoutMs, finish);
      this.#waiting.add(check);
      check();
    });
  }

  /** Servers of the namespace whose part of the lists is missing or old, for `_meta` of list results. */
  gaps(namespace: NamespaceSpec): readonly JsonObject[] {
    const gaps: JsonObject[] = [];
    for (const { server, as } of namespace.members) {
      const lists = this.#upstreams.lists(server);
      const status = this.#upstreams.state(server)?.status ?? 'stopped';
      if (lists === undefined) gaps.push({ server: as, state: status === 'ready' ? 'connecting' : status });
      else if (lists.isStale) gaps.push({ server: as, state: 'stale' });
    }
    return gaps;
  }
}
