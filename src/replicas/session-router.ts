/**
 * Requests of a session that lives in another gateway: sent to its owner, or, where that is gone, taken over. One
 * conditional update says who has a session; a request is sent on only while it is certain that nothing was done.
 */
import { hash } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import { Fault } from '../base/fault.ts';
import type { StoredReplica } from '../storage/replicas.ts';
import type { SessionFacts, SharedSession } from '../storage/shared-sessions.ts';
import type { Membership } from './membership.ts';
import type { ReplicaDoor, Target } from './replica-door.ts';
import type { ReplicaHandles } from './replica-handles.ts';

const ATTEMPTS_MAX = 4;
const PLACES_MAX = 20_000;

/** The sessions of this gateway. */
export interface HeldSessions {
  /** `carrier`: the connection that showed the id. */
  readonly has: (id: string, carrier?: object) => boolean;
  /** This gateway ends: it gives them away. */
  readonly isLeaving: () => boolean;
  /** Goes on with a session that another gateway had. */
  readonly restore: (id: string, facts: SessionFacts) => void;
}

export interface SessionRouterDeps {
  readonly self: Target;
  readonly held: HeldSessions;
  readonly handles: ReplicaHandles;
  readonly membership: Pick<Membership, 'find' | 'suspect' | 'knows' | 'beatNow'>;
  readonly door: Pick<ReplicaDoor, 'forward'>;
  readonly store: {
    readonly find: (digest: string) => Promise<SharedSession | undefined>;
    readonly take: (digest: string, from: string | undefined) => Promise<boolean>;
  };
  readonly addressOf: (http: HttpRequest) => string;
  /** Throws `request.too_large`. */
  readonly readBody: (http: HttpRequest) => Promise<Buffer>;
  readonly took: (digest: string, from: string | undefined) => void;
}

/** Who was asked for the session: those that are gone or leave, and those that do not have it. */
interface Asked {
  readonly absent: ReadonlySet<string>;
  readonly denied: ReadonlySet<string>;
}

export class SessionRouter {
  readonly #deps: SessionRouterDeps;
  /** Where sessions are that are not where they were opened. */
  readonly #places = new Map<string, string>();
  readonly #taking = new Map<string, Promise<Target | undefined>>();

  constructor(deps: SessionRouterDeps) {
    this.#deps = deps;
  }

  /** The session that the request shows, where it may be another gateway's; undefined: it is to be served here. */
  foreignSession(http: HttpRequest): string | undefined {
    const id = sessionIdOf(http);
    if (id === undefined || this.#deps.held.has(id, http.socket)) return undefined;
    return this.#deps.handles.ownerOf(id) === undefined ? undefined : id;
  }

  /** Rejects with `request.session_unknown`, `request.too_large`, `gateway.stopping`, `gateway.replica_unreachable`, `gateway.replica_lost`, `storage.unavailable`. */
  async route(id: string, http: HttpRequest, response: HttpResponse): Promise<void> {
    const { door, membership, addressOf, readBody } = this.#deps;
    const body = await readBody(http);
    const absent = new Set<string>();
    const denied = new Set<string>();
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const target = await this.#placeOf(id, { absent, denied });
      if (target === undefined) throw new Fault('request.session_unknown');
      const outcome = await door.forward(target, { http, response, body, clientAddress: addressOf(http) });
      if (outcome === 'answered') return;
      (outcome === 'not_held' ? denied : absent).add(target.id);
      if (outcome === 'gone') membership.suspect(target.id);
      this.#places.delete(digestOf(id));
    }
    throw new Fault('gateway.replica_unreachable', { detail: 'the session moved again and again' });
  }

  /** Who has the session, after taking it over where its owner is gone. Undefined: nobody, it is over. */
  async #placeOf(id: string, asked: Asked): Promise<Target | undefined> {
    const { held, handles, self } = this.#deps;
    if (held.has(id)) return self;
    const digest = digestOf(id);
    const likely = this.#living(this.#places.get(digest) ?? handles.ownerOf(id), asked);
    if (likely !== undefined && likely.id !== self.id) return likely;
    const underWay = this.#taking.get(digest);
    if (underWay !== undefined) return underWay;
    const taking = this.#findOrTake(id, digest, asked).finally(() => this.#taking.delete(digest));
    this.#taking.set(digest, taking);
    return taking;
  }

  async #findOrTake(id: string, digest: string, asked: Asked): Promise<Target | undefined> {
    const { store, held, self, took } = this.#deps;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const shared = await store.find(digest);
      if (shared === undefined) return undefined;
      const { owner, facts } = shared;
      const isOwn = owner === self.id;
      if (isOwn && held.has(id)) return self;
      if (owner !== undefined && asked.denied.has(owner)) return undefined;
      // A gateway that just began is not gone.
      if (owner !== undefined && !this.#deps.membership.knows(owner)) await this.#deps.membership.beatNow();
      const living = isOwn ? undefined : this.#living(owner, asked);
      if (living !== undefined) {
        this.#remember(digest, living.id);
        return living;
      }
      // The others take it over, once they are asked for it.
      if (held.isLeaving()) throw new Fault('gateway.stopping');
      // Its owner, this gateway, knows that it is over; that is not written down yet.
      if (isOwn) return undefined;
      if (!(await store.take(digest, owner))) continue;
      this.#places.delete(digest);
      if (!held.has(id)) held.restore(id, facts);
      took(digest, owner);
      return self;
    }
    return undefined;
  }

  #living(owner: string | undefined, { absent, denied }: Asked): StoredReplica | undefined {
    return owner === undefined || absent.has(owner) || denied.has(owner) ? undefined : this.#deps.membership.find(owner);
  }

  #remember(digest: string, owner: string): void {
    if (this.#places.size >= PLACES_MAX) this.#places.clear();
    this.#places.set(digest, owner);
  }
}

/** Of a header, or of the address of a 2024-11-05 client. */
export function sessionIdOf(http: HttpRequest): string | undefined {
  const shown = http.headers['mcp-session-id'];
  if (typeof shown === 'string') return shown;
  const query = http.url?.indexOf('sessionId=') ?? -1;
  return query < 0 ? undefined : (new URLSearchParams(http.url?.slice((http.url.indexOf('?') + 1))).get('sessionId') ?? undefined);
}

/** As sessions are filed (data-plane/sessions.ts). */
function digestOf(id: string): string {
  return hash('sha256', id, 'base64url');
}
