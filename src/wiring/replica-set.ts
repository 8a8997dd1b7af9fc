/**
 * This gateway among others of its instance: what they tell each other, which of them does what one alone should do, and
 * where sessions are. On the embedded database there are no others; on PostgreSQL each follows what another changes; with
 * `--replica-port` they also send on what belongs to another.
 */
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import type { AddressOf } from '../auth/client-address.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { newId, type RandomBytes } from '../base/ids.ts';
import type { LiveReplicas } from '../control-plane/live-replicas.ts';
import type { Publisher } from '../control-plane/publish.ts';
import type { DataPlane } from '../data-plane/data-plane.ts';
import type { Sharing } from '../data-plane/sharing.ts';
import { configInvalid } from '../model/config-problem.ts';
import type { Settings } from '../model/settings.ts';
import type { Log } from '../observability/log.ts';
import { GONE_MS, Membership } from '../replicas/membership.ts';
import { type LinkedReplica, linkReplicas } from './replica-link.ts';
import { type FindProcess, ONLY_PLACE, reachServer, type ServerPlaces } from '../replicas/server-streams.ts';
import { type Generations, sharedGenerations } from '../storage/generations.ts';
import { Notices, notify } from '../storage/notices.ts';
import type { Storage } from '../storage/open-storage.ts';
import { deleteSilentReplicas, type ReplicaFacts } from '../storage/replicas.ts';
import { clearLeftSessions } from '../storage/shared-sessions.ts';
import { query } from '../storage/transaction.ts';

const CHORES_MS = 60_000;
/** A beat of the others, and some. */
const LEFT_MS = 1_200;
/** Gateways that are gone are shown for so long. */
const SHOWN_MS = 10 * 60_000;

const NoticeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('generation'), number: z.number() }),
  z.object({ kind: z.literal('credential'), from: z.string(), id: z.string() }),
  z.object({ kind: z.literal('grant'), from: z.string(), server: z.string(), principal: z.string().optional(), isGiven: z.boolean() }),
  z.object({ kind: z.literal('session'), from: z.string(), digest: z.string() }),
]);
type Notice = z.infer<typeof NoticeSchema>;

/** What one gateway tells the others. */
export type Told = { readonly kind: 'credential'; readonly id: string } | { readonly kind: 'grant'; readonly server: string; readonly principal: string | undefined; readonly isGiven: boolean } | { readonly kind: 'session'; readonly digest: string };

export interface ReplicaSetDeps {
  readonly settings: Pick<Settings, 'host' | 'replicaPort' | 'replicaHost' | 'replicaName' | 'databaseUrl' | 'sessionIdleMs'>;
  readonly storage: Storage;
  /** 32 bytes, the same in all. */
  readonly sealing: Uint8Array;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly version: string;
}

/** What this gateway does of what another told. */
export interface ReplicaParts {
  readonly publisher: Publisher;
  readonly dataPlane: DataPlane;
  readonly credentialEnded: (id: string) => void;
  readonly grantChanged: (server: string, principal: string | undefined, isGiven: boolean) => void;
}

export interface ReplicaSet {
  readonly live: LiveReplicas;
  /** Of all gateways on the database one is. */
  readonly isLeader: () => boolean;
  readonly generations: Generations | undefined;
  /** What sessions and handles need of other gateways; undefined where requests are not sent on. */
  readonly sharing: Sharing | undefined;
  /** Of the client, also where another gateway sent its request on. */
  readonly withForwarded: (addressOf: AddressOf) => AddressOf;
  /** Others hear of it soon; where they cannot be told they find out by themselves. */
  readonly tell: (told: Told) => void;
  /** Where servers are of which there is one process. */
  readonly servers: ServerPlaces;
  /** From now on others count on this gateway. Rejects with `config.invalid` where the replica port is taken. */
  readonly join: (parts: ReplicaParts) => Promise<void>;
  /** Serves a request, here or where it belongs. */
  readonly serve: (http: HttpRequest, response: HttpResponse) => void;
  /** Resolves when what other gateways sent on is answered, after `drainMs` at the latest. */
  readonly drained: (drainMs: number) => Promise<void>;
  /** Others go on with what was here. */
  readonly leave: () => Promise<void>;
}

/** Throws `config.invalid` for a replica port without PostgreSQL. */
export function openReplicas(deps: ReplicaSetDeps): ReplicaSet {
  const { databaseUrl, replicaPort } = deps.settings;
  if (databaseUrl !== undefined) return new SharedReplicaSet(deps, databaseUrl);
  if (replicaPort === undefined) return aloneReplicaSet(deps);
  throw configInvalid([{ path: '--replica-port', line: undefined, column: undefined, message: 'several gateways need one PostgreSQL: set DATABASE_URL' }]);
}

function factsOf({ settings, clock, random, version }: ReplicaSetDeps): Omit<ReplicaFacts, 'generation' | 'isListening' | 'isLeader' | 'sessions' | 'address' | 'isEncrypted'> {
  return { id: newId('replica', clock, random), name: settings.replicaName ?? hostname(), version, startedAtMs: clock.nowMs() };
}

function aloneReplicaSet(deps: ReplicaSetDeps): ReplicaSet {
  const facts = factsOf(deps);
  let parts: ReplicaParts | undefined;
  return {
    live: { self: facts.id, list: () => [{ ...facts, address: undefined, isEncrypted: false, generation: parts?.publisher.snapshot().generation ?? 0, isListening: true, isLeader: true, sessions: parts?.dataPlane.moving.count() ?? 0, seenAtMs: deps.clock.nowMs(), silentMs: 0 }] },
    isLeader: () => true,
    generations: undefined,
    sharing: undefined,
    withForwarded: (addressOf) => addressOf,
    tell: () => undefined,
    servers: ONLY_PLACE,
    join: (joined) => {
      parts = joined;
      return Promise.resolve();
    },
    serve: (http, response) => void parts?.dataPlane.serve(http, response),
    drained: () => Promise.resolve(),
    leave: () => Promise.resolve(),
  };
}

class SharedReplicaSet implements ReplicaSet {
  readonly generations = sharedGenerations;
  readonly servers: ServerPlaces;
  readonly live: LiveReplicas;
  readonly #deps: ReplicaSetDeps;
  readonly #facts: ReturnType<typeof factsOf>;
  readonly #notices: Notices;
  readonly #membership: Membership;
  readonly #link: LinkedReplica | undefined;
  #parts: ReplicaParts | undefined;
  /** A notice that is being followed must not be told again. */
  #isFollowing = false;
  #failedGeneration = 0;
  #findProcess: FindProcess = () => undefined;
  /** Told when this gateway begins or ceases to lead. */
  #moved: () => void = () => undefined;
  #wasLeader = false;
  #stopChores = (): void => undefined;
  #isTroubled = false;

  constructor(deps: ReplicaSetDeps, databaseUrl: string) {
    this.#deps = deps;
    const { clock, storage, log, settings } = deps;
    this.#facts = factsOf(deps);
    this.#membership = new Membership({
      storage,
      clock,
      generations: this.generations,
      facts: () => this.#now(),
      seen: (generation) => this.#follow(generation),
      report: (problem) => this.#troubled(problem),
    });
    this.#notices = new Notices({
      databaseUrl,
      clock,
      heard: (text) => this.#heard(text),
      began: () => void this.#membership.beatNow(),
      report: (event, detail) => (event === 'notices are heard' ? log.info(event, { detail }) : log.warn(event, { detail })),
    });
    this.live = { self: this.#facts.id, list: () => this.#membership.all };
    this.#link =
      settings.replicaPort === undefined
        ? undefined
        : linkReplicas({ ...deps, self: this.#facts.id, listen: { host: settings.host, port: settings.replicaPort }, advertised: settings.replicaHost ?? ownAddress(settings.host), membership: this.#membership, findProcess: (target) => this.#findProcess(target), moved: (digest) => this.tell({ kind: 'session', digest }) });
    this.servers = this.#placeServers();
  }

  #placeServers(): ServerPlaces {
    return {
      isHere: this.isLeader,
      reach: (target) => this.#link?.reach(target) ?? reachServer(target, { self: this.#facts.id, membership: this.#membership, door: undefined }),
      onAsked: (find) => {
        this.#findProcess = find;
      },
      onMoved: (moved) => {
        this.#moved = moved;
      },
    };
  }

  get sharing(): Sharing | undefined {
    return this.#link?.sharing;
  }

  readonly isLeader = (): boolean => this.#notices.isLeader;

  readonly withForwarded = (addressOf: AddressOf): AddressOf => this.#link?.withForwarded(addressOf) ?? addressOf;

  readonly tell = (told: Told): void => {
    if (this.#isFollowing) return;
    query(this.#deps.storage.db, (db) => notify(db, { ...told, from: this.#facts.id })).catch((thrown: unknown) => this.#troubled(thrown));
  };

  readonly serve = (http: HttpRequest, response: HttpResponse): void => {
    if (this.#link === undefined) void this.#parts?.dataPlane.serve(http, response);
    else this.#link.serve(http, response);
  };

  readonly join = async (parts: ReplicaParts): Promise<void> => {
    this.#parts = parts;
    await this.#link?.open(parts.dataPlane);
    await this.#notices.start();
    await this.#membership.start();
    parts.publisher.onPublish(() => void this.#membership.beatNow());
    this.#chores();
  };

  readonly drained = async (drainMs: number): Promise<void> => this.#link?.drained(drainMs);

  readonly leave = async (): Promise<void> => {
    this.#stopChores();
    if (this.#parts === undefined) return;
    const hadOthers = this.#membership.all.some(({ id, silentMs }) => id !== this.#facts.id && silentMs <= GONE_MS);
    await this.#membership.stop();
    // Until the next beat of the others they send on what was this gateway's: it is answered that they may take it.
    if (hadOthers && this.#link !== undefined) await sleep(this.#deps.clock, LEFT_MS);
    await this.#link?.close();
    await this.#notices.close();
  };

  #now(): ReplicaFacts {
    // With each beat, so within a second.
    if (this.#notices.isLeader !== this.#wasLeader) {
      this.#wasLeader = this.#notices.isLeader;
      this.#moved();
    }
    return {
      ...this.#facts,
      address: this.#link?.address(),
      isEncrypted: this.#link !== undefined,
      generation: this.#parts?.publisher.snapshot().generation ?? 0,
      isListening: this.#notices.isListening,
      isLeader: this.#notices.isLeader,
      sessions: this.#parts?.dataPlane.moving.count() ?? 0,
    };
  }

  #heard(text: string): void {
    const notice = parseNotice(text);
    if (notice === undefined) this.#deps.log.warn('a notice is not understood: is another version on this database?', { detail: text.slice(0, 200) });
    else if (notice.kind === 'generation') void this.#follow(notice.number);
    else if (notice.from !== this.#facts.id && this.#parts !== undefined) this.#apply(notice, this.#parts);
  }

  #apply(notice: Exclude<Notice, { readonly kind: 'generation' }>, { credentialEnded, grantChanged, dataPlane }: ReplicaParts): void {
    this.#isFollowing = true;
    try {
      if (notice.kind === 'credential') credentialEnded(notice.id);
      else if (notice.kind === 'grant') grantChanged(notice.server, notice.principal, notice.isGiven);
      else dataPlane.moving.drop(notice.digest);
    } finally {
      this.#isFollowing = false;
    }
  }

  /** A configuration that cannot be served here is said once; the one before stays, and the list of replicas shows it. */
  async #follow(generation: number): Promise<void> {
    try {
      await this.#parts?.publisher.follow(generation);
    } catch (thrown) {
      if (this.#failedGeneration === generation) return;
      this.#failedGeneration = generation;
      this.#deps.log.error('the configuration of another gateway is not taken over', { generation, detail: toFault(thrown).detail ?? String(thrown) });
    }
  }

  #troubled(thrown: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#deps.log.warn('replicas', { detail: thrown instanceof Fault ? (thrown.detail ?? thrown.message) : String(thrown) });
    this.#deps.clock.after(CHORES_MS, () => {
      this.#isTroubled = false;
    });
  }

  #chores(): void {
    const { clock, storage, settings } = this.#deps;
    this.#stopChores = clock.after(CHORES_MS, () => {
      this.#chores();
      if (!this.isLeader()) return;
      query(storage.db, async (db) => {
        await deleteSilentReplicas(db, SHOWN_MS);
        await clearLeftSessions(db, { atMs: clock.nowMs(), beforeMs: clock.nowMs() - settings.sessionIdleMs });
      }).catch((thrown: unknown) => this.#troubled(thrown));
    });
  }
}

function parseNotice(text: string): Notice | undefined {
  try {
    return NoticeSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Where the others find this machine: the address that is listened on, or the first that is not loopback. */
function ownAddress(host: string): string {
  if (host !== '0.0.0.0' && host !== '::' && host !== '[::]') return host;
  const outer = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).find(({ internal, family }) => !internal && family === 'IPv4');
  return outer?.address ?? '127.0.0.1';
}
