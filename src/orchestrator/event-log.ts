/** Events of servers on demand: the last ones in memory, each told to who follows and handed on to be kept. */
import type { Clock } from '../base/clock.ts';
import type { ChildEvent, ChildEventKind, ChildEventQuery } from '../model/child-event.ts';

const KEPT_MAX = 2_000;

export interface EventLogOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  /** Keeps it beyond the life of the process. */
  readonly keep?: ((event: ChildEvent) => void) | undefined;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #followers = new Set<(event: ChildEvent) => void>();
  readonly #counts = new Map<ChildEventKind, number>();
  #events: ChildEvent[] = [];

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  record(kind: ChildEventKind, facts: Pick<ChildEvent, 'serverId' | 'source' | 'principal'>, detail: ChildEvent['detail'] = {}): void {
    const { serverId, source, principal } = facts;
    const event: ChildEvent = { id: this.#options.newId(), atMs: this.#options.clock.nowMs(), kind, serverId, source, principal, detail };
    this.#events.push(event);
    if (this.#events.length > KEPT_MAX * 1.5) this.#events = this.#events.slice(-KEPT_MAX);
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.#options.keep?.(event);
    for (const follower of [...this.#followers]) follower(event);
  }

  /** Newest first. */
  find({ limit, kind, serverId, principal, beforeId }: ChildEventQuery): ChildEvent[] {
    const isWanted = (event: ChildEvent): boolean =>
      (kind === undefined || event.kind === kind) && (serverId === undefined || event.serverId === serverId) && (principal === undefined || event.principal === principal) && (beforeId === undefined || event.id < beforeId);
    return this.#events.filter(isWanted).slice(-limit).toReversed();
  }

  /** How many of each kind since the start: for metrics. */
  counts(): ReadonlyMap<ChildEventKind, number> {
    return this.#counts;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Hears every event from now on; what it returns ends that. */
  follow(follower: (event: ChildEvent) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
