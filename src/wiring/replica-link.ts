/** The link to the other gateways put together: a listener for what they send on, the way to them, and sessions that move. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpRequest, type HttpResponse, PlainPost } from '../base/http.ts';
import type { Duplex } from 'node:stream';
import type { AddressOf } from '../auth/client-address.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { DataPlane } from '../data-plane/data-plane.ts';
import type { RestoredSession } from '../data-plane/sessions.ts';
import type { KeptSession, Sharing, WholeRequest } from '../data-plane/sharing.ts';
import { listen, type Listening } from '../listener/listening.ts';
import { isRevision } from '../protocol/messages.ts';
import type { Log } from '../observability/log.ts';
import type { Membership } from '../replicas/membership.ts';
import { LEAVING, MISDIRECTED, REPLICA_HEADER, ReplicaDoor } from '../replicas/replica-door.ts';
import { createReplicaHandles, type ReplicaHandles } from '../replicas/replica-handles.ts';
import { type FindProcess, reachServer, type StreamTarget, takeStream } from '../replicas/server-streams.ts';
import { isEncrypted } from '../replicas/replica-tls.ts';
import { SessionKeeper } from '../replicas/session-keeper.ts';
import { sessionIdOf, SessionRouter } from '../replicas/session-router.ts';
import type { Storage } from '../storage/open-storage.ts';
import { findSharedSession, type SessionFacts, takeSharedSession } from '../storage/shared-sessions.ts';
import { query } from '../storage/transaction.ts';

/** As large as the data plane takes a request. */
const BODY_BYTES_MAX = 4 << 20;
const DRAIN_MS = 2_000;
const LOOK_MS = 50;

export interface LinkDeps {
  /** Id of this gateway. */
  readonly self: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Host under which the others reach it. */
  readonly advertised: string;
  readonly membership: Membership;
  readonly storage: Storage;
  /** 32 bytes. */
  readonly sealing: Uint8Array;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** The processes of this gateway that others use as well. */
  readonly findProcess: FindProcess;
  /** A session of another gateway is this one's now. */
  readonly moved: (digest: string) => void;
}

export interface LinkedReplica {
  readonly sharing: Sharing;
  readonly withForwarded: (addressOf: AddressOf) => AddressOf;
  /** Takes what others send on. Rejects with `config.invalid` where the port is taken. */
  readonly open: (dataPlane: DataPlane) => Promise<void>;
  /** Base address for the others; undefined before `open`. */
  readonly address: () => string | undefined;
  readonly serve: (http: HttpRequest, response: HttpResponse) => void;
  /** A stream to the one process of a server (replicas/server-streams.ts). */
  readonly reach: (target: StreamTarget) => Promise<Duplex | undefined>;
  /** Resolves when what others sent on is answered, after `drainMs` at the latest. */
  readonly drained: (drainMs: number) => Promise<void>;
  /** What is known of sessions is written, and they are free for others. */
  readonly close: () => Promise<void>;
}

export function linkReplicas(deps: LinkDeps): LinkedReplica {
  const { self, membership, storage, clock, log } = deps;
  const handles = createReplicaHandles(self, deps.sealing, deps.random);
  const door = new ReplicaDoor({ self, key: deps.sealing, clock, random: deps.random });
  const keeper = new SessionKeeper({ storage, clock, self, report: (problem) => log.warn('sessions are not written down', { detail: toFault(problem).detail ?? String(problem) }) });
  const addresses = new WeakMap<HttpRequest, string>();
  const underWay = new Set<ServerResponse>();
  const opened: { dataPlane?: DataPlane; router?: SessionRouter; listening?: Listening } = {};
  let addressOf: AddressOf = (http) => http.socket.remoteAddress ?? '';
  const refuse = (http: HttpRequest, response: HttpResponse, thrown: unknown): void => {
    if (!response.destroyed) opened.dataPlane?.refuse(http, response, thrown);
  };
  const handOver = (handle: string, request: WholeRequest): void => {
    const owner = membership.find(handles.ownerOf(handle) ?? '');
    const sending = owner === undefined ? Promise.resolve('gone' as const) : door.forward(owner, { ...request, clientAddress: addressOf(request.http) });
    sending.then(
      (outcome) => {
        if (outcome !== 'answered') refuse(request.http, request.response, lostWait());
      },
      (thrown: unknown) => refuse(request.http, request.response, thrown),
    );
  };
  return {
    sharing: {
      newHandle: handles.make,
      isElsewhere: (handle) => isElsewhere(handle, { self, handles, membership }),
      handOver,
      keep: (digest, session) => keeper.keep(digest, () => toFacts(session)),
      forget: (digest) => keeper.forget(digest),
    },
    withForwarded: (own) => {
      addressOf = (http) => addresses.get(http) ?? own(http);
      return addressOf;
    },
    address: () => (opened.listening === undefined ? undefined : `http://${bracketed(deps.advertised)}:${opened.listening.port}`),
    open: async (dataPlane) => {
      opened.dataPlane = dataPlane;
      const isTaken = (http: IncomingMessage): boolean => isEncrypted(http.socket) || membership.hasUnencrypted();
      opened.listening = await listen({ ...deps.listen, isOwn: true }, (http, response) => takeForwarded(http, response, { door, addresses, dataPlane, isTaken, underWay }), clock);
      door.tls.serve(opened.listening.server, clock);
      // In place of the listener's own refusal.
      opened.listening.server.removeAllListeners('upgrade').on('upgrade', (http, socket) => takeStream(http, socket, { door, find: deps.findProcess, isTaken }));
      opened.router = createRouter(dataPlane, { ...deps, handles, door, addressOf, address: `http://${bracketed(deps.advertised)}:${opened.listening.port}` });
    },
    serve: (http, response) => {
      const { router, dataPlane } = opened;
      const session = router?.foreignSession(http);
      if (router === undefined || session === undefined) void dataPlane?.serve(http, response);
      else router.route(session, http, response).catch((thrown: unknown) => refuse(http, response, thrown));
    },
    reach: (target) => reachServer(target, { self, membership, door }),
    drained: (drainMs) => untilNone(underWay, drainMs, clock),
    close: async () => {
      await keeper.close();
      await opened.listening?.close(DRAIN_MS);
      door.close();
    },
  };
}

async function untilNone(underWay: ReadonlySet<unknown>, waitMs: number, clock: Clock): Promise<void> {
  const untilMs = clock.monotonicMs() + waitMs;
  while (underWay.size > 0 && clock.monotonicMs() < untilMs) await sleep(clock, LOOK_MS);
}

interface RouterParts extends LinkDeps {
  readonly handles: ReplicaHandles;
  readonly door: ReplicaDoor;
  readonly addressOf: AddressOf;
  readonly address: string;
}

function createRouter({ moving }: DataPlane, { self, storage, membership, handles, door, addressOf, address, moved, log }: RouterParts): SessionRouter {
  return new SessionRouter({
    self: { id: self, address, isEncrypted: true },
    handles,
    membership,
    door,
    held: {
      has: moving.has,
      isLeaving: moving.isLeaving,
      restore: (id, facts) => {
        const restored = toRestored(facts);
        if (restored === undefined) throw new Fault('request.session_unknown');
        void moving.restore(id, restored, facts.watched).then((lost) => {
          if (lost.length > 0) log.warn('subscriptions of a session that moved here', { endpoint: facts.endpoint, detail: `not watched any more: ${lost.length}` });
        });
      },
    },
    store: {
      find: (digest) => query(storage.db, (db) => findSharedSession(db, digest)),
      take: (digest, from) => query(storage.db, (db) => takeSharedSession(db, digest, { from, to: self })),
    },
    addressOf,
    readBody,
    took: (digest, from) => {
      log.info('session taken over', { from });
      moved(digest);
    },
  });
}

interface Taking {
  readonly door: ReplicaDoor;
  readonly addresses: WeakMap<HttpRequest, string>;
  readonly dataPlane: DataPlane;
  /** Whether it came encrypted, or there is a gateway that cannot do that: one of the version before, while it is replaced. */
  readonly isTaken: (http: IncomingMessage) => boolean;
  readonly underWay: Set<ServerResponse>;
}

/** What another gateway sent on is served as if it had come here; a session that is not here is not looked for elsewhere. */
function takeForwarded(http: IncomingMessage, response: ServerResponse, { door, addresses, dataPlane, isTaken, underWay }: Taking): void {
  if (!isTaken(http)) {
    // Nothing was done: who began before this gateway heard of it comes again.
    http.resume();
    response.writeHead(503, { connection: 'close', 'content-length': 0, 'retry-after': '1' }).end();
    return;
  }
  const address = door.judge(http);
  if (address === undefined) {
    response.writeHead(403, { connection: 'close', 'content-length': 0 }).end();
    return;
  }
  const session = sessionIdOf(http);
  if (session !== undefined && !dataPlane.moving.has(session)) {
    http.resume();
    response.writeHead(MISDIRECTED, { 'content-length': 0, ...(dataPlane.moving.isLeaving() ? { [REPLICA_HEADER]: LEAVING } : {}) }).end();
    return;
  }
  delete http.headers[REPLICA_HEADER];
  addresses.set(http, address);
  underWay.add(response);
  response.once('close', () => underWay.delete(response));
  void dataPlane.serve(http, response);
}

function isElsewhere(handle: string, { self, handles, membership }: { readonly self: string; readonly handles: ReplicaHandles; readonly membership: Membership }): boolean {
  const owner = handles.ownerOf(handle);
  return owner !== undefined && owner !== self && membership.find(owner) !== undefined;
}

/** The gateway at which the call waited is gone, and the call with it. */
function lostWait(): Fault {
  return new Fault('request.params_invalid', { message: 'requestState is not valid here or has expired; start the request again.', reason: 'request_state_invalid' });
}

function toFacts({ opening, logLevel, watched }: KeptSession): SessionFacts {
  const { endpoint, principal, revision, capabilities, info } = opening;
  return { endpoint, principal: { ...principal }, revision, capabilities, ...(info === undefined ? {} : { info }), logLevel, watched: [...watched] } as SessionFacts;
}

function toRestored({ endpoint, principal, revision, capabilities, info, logLevel }: SessionFacts): RestoredSession | undefined {
  return isRevision(revision) ? { opening: { endpoint, principal: principal as RestoredSession['opening']['principal'], revision, capabilities, info }, logLevel } : undefined;
}

/** A body that may have to be sent more than once. Throws `request.too_large`. */
async function readBody(http: HttpRequest): Promise<Buffer> {
  if (http instanceof PlainPost) return http.body;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of http as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Fault('request.too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
