/**
 * Which gateways are there. Each says once a second that it is, and of which generation; who was not heard of for five
 * seconds is gone. The same beat looks for a newer generation, so that a notice that got lost costs a second.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Generations } from '../storage/generations.ts';
import { beat, deleteReplica, listReplicas, type ReplicaFacts, type StoredReplica } from '../storage/replicas.ts';
import { query } from '../storage/transaction.ts';

const BEAT_MS = 1_000;
/** Who was silent for longer takes no requests any more. */
export const GONE_MS = 5_000;

export interface MembershipDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly generations: Generations;
  /** What this gateway says of itself now. */
  readonly facts: () => ReplicaFacts;
  /** The newest generation that was seen. */
  readonly seen: (generation: number) => Promise<void>;
  readonly report: (problem: unknown) => void;
}

export class Membership {
  readonly #deps: MembershipDeps;
  #replicas: readonly StoredReplica[] = [];
  /** Did not answer, and has not been heard of since. */
  readonly #suspected = new Map<string, number>();
  #cancelTimer: CancelTimer = () => undefined;
  #beating: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(deps: MembershipDeps) {
    this.#deps = deps;
  }

  /** As they were at the last beat, this one among them. */
  get all(): readonly StoredReplica[] {
    return this.#replicas;
  }

  /** Undefined for one that is gone or takes no requests. Where the database does not answer, those of before still count. */
  find(id: string): StoredReplica | undefined {
    const found = this.#replicas.find((replica) => replica.id === id);
    if (found?.address === undefined || found.silentMs > GONE_MS) return undefined;
    return this.#suspected.get(id) === found.seenAtMs ? undefined : found;
  }

  /** Whether it was heard of, however long ago; who began within the last second was not. */
  knows(id: string): boolean {
    return this.#replicas.some((replica) => replica.id === id);
  }

  /** Whether there is another gateway that others reach, and that does not speak TLS. */
  hasUnencrypted(): boolean {
    return this.#replicas.some(({ address, isEncrypted, silentMs }) => address !== undefined && !isEncrypted && silentMs <= GONE_MS);
  }

  /** It was asked and is not there: it counts as gone until it is heard of again. */
  suspect(id: string): void {
    const found = this.#replicas.find((replica) => replica.id === id);
    if (found !== undefined) this.#suspected.set(id, found.seenAtMs);
  }

  /** Resolves with the first beat. */
  async start(): Promise<void> {
    await this.beatNow();
    this.#next();
  }

  /** Says what is new of this gateway without waiting for the next beat. */
  beatNow(): Promise<void> {
    this.#beating = this.#beating.then(() => this.#beat());
    return this.#beating;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#beating;
    await query(this.#deps.storage.db, (db) => deleteReplica(db, this.#deps.facts().id)).catch((thrown: unknown) => this.#deps.report(thrown));
  }

  #next(): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#deps.clock.after(BEAT_MS, () => void this.beatNow().then(() => this.#next()));
  }

  async #beat(): Promise<void> {
    const { storage, facts, generations, seen, report } = this.#deps;
    try {
      await seen(await query(storage.db, (db) => generations.read(db)));
      await query(storage.db, (db) => beat(db, facts()));
      this.#replicas = await query(storage.db, (db) => listReplicas(db));
      for (const [id, seenAtMs] of this.#suspected) if (!this.#replicas.some((replica) => replica.id === id && replica.seenAtMs === seenAtMs)) this.#suspected.delete(id);
    } catch (thrown) {
      report(thrown);
    }
  }
}
