/** The data plane put together: what a listener calls, and what it must be told. */
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import type { ByteBudget } from '../base/byte-budget.ts';
import type { Clock } from '../base/clock.ts';
import { type Fault, toFault } from '../base/fault.ts';
import type { MiddlewareServices } from '../model/middleware.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { RequestId } from '../protocol/messages.ts';
import type { Principal } from '../model/principal.ts';
import { showToken, type SignInDesk } from './sign-in.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Upstreams, UpstreamsEvents } from '../upstream/upstreams.ts';
import { createEncodeOutcome, encodeFault, type GatewayInfo } from './answer.ts';
import { admitWork } from './admit-work.ts';
import { type ApprovalDesk, Approvals } from './approval.ts';
import { apiRequests, isApiRequest, refuseApi } from './api-door.ts';
import { withApiPage } from './api-page.ts';
import { type InnerCall, type InnerOutcome, makeInnerCall } from './inner-call.ts';
import { Bulkheads } from './bulkheads.ts';
import type { Collision } from './catalog.ts';
import { serveCatalog } from './catalog-door.ts';
import { Catalogs } from './catalogs.ts';
import { type ShownCatalog, shownCatalog } from './shown-catalog.ts';
import { type Body, type ClientHeaders, isModern, paramsOf } from './decode.ts';
import { Continuations } from './continuations.ts';
import { Deliveries } from './deliveries.ts';
import { DiscoveryDesk } from './discovery-desk.ts';
import { Discovery, shownText } from './discovery.ts';
import type { EmbeddingsDeps } from './embeddings.ts';
import type { Engines } from './engines.ts';
import type { Decoded, Identified } from './exchange.ts';
import { createIdentify, type IdentifyDeps } from './identify.ts';
import { KnownPrincipals } from './known-principals.ts';
import { type LegacyDeps, legacyRequests, openOrEnd } from './legacy-front.ts';
import { modernRequests } from './modern-front.ts';
import { Inspections } from './inspections.ts';
import { Outbox } from './outbox.ts';
import { Parking, type Sealer } from './parking.ts';
import type { Observe } from './observe.ts';
import { receive } from './receive.ts';
import { createRecord, type RequestRecord } from './record.ts';
import type { CallRecorder } from './record-call.ts';
import { createRunsInMemory, type ScriptRuns } from './scripts.ts';
import type { ReserveDeps } from './reserve.ts';
import { createServe, type Serve, type ServeDeps, serveRequest } from './serve.ts';
import type { Shadowed } from './shadowed.ts';
import type { ServerShop } from './server-shop.ts';
import type { Session } from './session.ts';
import { type RestoredSession, type SessionLimits, Sessions } from './sessions.ts';
import type { Sharing } from './sharing.ts';
import { handleIn } from './state-handles.ts';
import { Subscriptions } from './subscriptions.ts';
import { TaskIds, type TaskSealer } from './task-ids.ts';
import { throttle } from './throttle.ts';
import { type EventsDeps, eventsFor } from './upstream-events.ts';

export interface DataPlaneDeps extends Pick<IdentifyDeps, 'digestOf' | 'operatorDigest' | 'failed' | 'verifyToken'> {
  /** Where people sign in to servers; undefined: nowhere. */
  readonly signIns?: SignInDesk | undefined;
  /** Where scripts that wait are kept; undefined: in this process. */
  readonly scriptRuns?: ScriptRuns;
  /** Undefined: searches go by words alone. */
  readonly embeddings?: EmbeddingsDeps;
  /** Servers that clients may find and ask for; undefined: none. */
  readonly shop?: ServerShop;
  /** Where people approve calls; undefined: such calls are refused. */
  readonly approvals?: ApprovalDesk | undefined;
  readonly engines: Engines;
  readonly limits: Pick<ReserveDeps, 'buckets' | 'turns' | 'budgets'>;
  /** Hears what policies in shadow mode said. */
  readonly shadowed: Shadowed;
  readonly clock: Clock;
  readonly snapshot: () => Snapshot;
  readonly upstreams: Upstreams;
  readonly info: GatewayInfo;
  readonly sealer: Sealer & TaskSealer;
  /** At least 128 random bits as visible ASCII. */
  readonly randomId: () => string;
  readonly newCorrelationId: () => string;
  readonly write: (record: RequestRecord) => void;
  /** The record of calls, for audit and traffic. */
  readonly calls: CallRecorder;
  /** A refusal before any request was read, for the log. */
  readonly refused: (fault: Fault) => void;
  /** A middleware failed, whether the call went on or not. */
  readonly middlewareFailed: MiddlewareServices['failed'];
  /** How middleware reaches services of the operator; undefined: not at all. */
  readonly middlewarePost?: MiddlewareServices['post'] | undefined;
  /** What gateways of one instance were answered; undefined: each keeps its own. */
  readonly sharedResults?: MiddlewareServices['sharedResults'] | undefined;
  /** Of the client, past trusted proxies. */
  readonly addressOf: (http: HttpRequest) => string;
  /** Two servers of a namespace offer the same name; told once, for the log. */
  readonly collided: (namespace: string, collision: Collision) => void;
  /** `WWW-Authenticate` for a refusal, where the client can do something about it. */
  readonly challenge: (http: HttpRequest, fault: Fault) => string | undefined;
  /** Why new work is refused now, in a word; undefined: it is not. */
  readonly overload?: (() => string | undefined) | undefined;
  /** Undefined where nothing is measured. */
  readonly observe?: Observe | undefined;
  readonly bodyBytesMax: number;
  readonly bodies: ByteBudget;
  readonly sessionLimits: SessionLimits;
  /** Other gateways of the instance; undefined: there are none. */
  readonly sharing?: Sharing | undefined;
}

/** Sessions that may move between gateways. */
export interface MovingSessions {
  /** `carrier`: the connection that showed the id. */
  readonly has: (id: string, carrier?: object) => boolean;
  /** Resolves with the URIs of `watched` that cannot be watched here; the session is there before. */
  readonly restore: (id: string, session: RestoredSession, watched: readonly string[]) => Promise<readonly string[]>;
  /** Another gateway has it now. */
  readonly drop: (digest: string) => void;
  /** The gateway is about to end: what ends now goes on elsewhere. */
  readonly isLeaving: () => boolean;
  readonly count: () => number;
}

export interface DataPlane {
  /** What operators ask of discovery. */
  readonly discoveryDesk: DiscoveryDesk;
  /** Names that two servers of the endpoint's namespace claim, as its lists are now. */
  readonly collisions: (endpoint: string) => Collision[];
  /** What clients of a namespace see, policies aside; undefined for one that there is not. */
  readonly catalog: (namespace: string) => ShownCatalog | undefined;
  readonly serve: Serve;
  /** A call that the gateway makes for a principal, by the path that all calls take. */
  readonly callTool: (call: InnerCall) => Promise<InnerOutcome>;
  /** The principal of this id who asked last; undefined for one who did not ask for long. */
  readonly findPrincipal: (id: string) => Principal | undefined;
  /** Answers a request that the listener refuses before it comes here. */
  readonly refuse: (http: HttpRequest, response: HttpResponse, thrown: unknown) => void;
  /** What the upstreams tell must reach these. */
  readonly upstreamsEvents: UpstreamsEvents;
  /** The snapshot was replaced: sessions that may no longer be end, changed lists are announced. */
  readonly snapshotChanged: () => void;
  /** Ends every session and listen stream that this credential opened. */
  readonly endCredential: (credentialId: string) => void;
  readonly inspections: Inspections;
  /** Those that are open now. */
  readonly sessions: () => Iterable<Session>;
  readonly moving: MovingSessions;
  readonly counts: () => { readonly sessions: number; readonly streams: number; readonly parked: number; readonly scripts: number; readonly indexBuilds: number };
  /** Sessions and listen streams end with their results; nothing is left waiting. */
  readonly close: () => void;
}

export function createDataPlane(deps: DataPlaneDeps): DataPlane {
  const { clock, snapshot, upstreams } = deps;
  const inspections = new Inspections({ clock, randomId: deps.randomId });
  const catalogs = new Catalogs(upstreams, clock, deps.collided);
  const taskIds = new TaskIds(deps.sealer);
  const deliveries = new Deliveries();
  const subscriptions = new Subscriptions({ clock, upstreams, catalogs, snapshot, taskIds, engines: deps.engines, shownTools: shownText, inspected: (name, current) => inspections.endpoint(name, current) });
  const sessions = new Sessions({ ended: (session) => sessionEnded(session, { subscriptions, upstreams }), clock, randomId: deps.sharing?.newHandle ?? deps.randomId, limits: deps.sessionLimits, sharing: deps.sharing });
  const parking = new Parking({ clock, sealer: deps.sealer, newId: deps.randomId, newHandle: deps.sharing?.newHandle });
  const legacy = legacyDeps(clock, { sessions, subscriptions, upstreams });
  const continuations = new Continuations(clock, deps.sharing?.newHandle ?? deps.randomId);
  const discovery = new Discovery({ clock, continuations, catalogs, upstreams, snapshot, engines: deps.engines, signIns: deps.signIns, embeddings: deps.embeddings, shop: deps.shop, approvals: deps.approvals, scripts: { clock, sealer: deps.sealer, newId: deps.randomId, runs: deps.scriptRuns ?? createRunsInMemory(clock), keepRest: (exchange, rest) => continuations.keep(exchange, rest) } });
  const refuseWith: Parameters<typeof createServe>[0]['refuse'] = (http, response, refused) => {
    deps.refused(refused.fault);
    deps.calls.refused(http, refused.fault);
    refuse(http, response, refused, { correlationId: deps.newCorrelationId(), challenge: deps.challenge(http, refused.fault) });
  };
  const principals = new KnownPrincipals();
  const serveDeps: ServeDeps = {
    receive: (http) => receive(admitWork(http, deps.overload), { snapshot, nowMs: clock.monotonicMs, wallMs: clock.nowMs, newCorrelationId: deps.newCorrelationId, inspected: (name, current) => inspections.endpoint(name, current) }),
    identify: createIdentify({ digestOf: deps.digestOf, operatorDigest: deps.operatorDigest, failed: deps.failed, verifyToken: deps.verifyToken, nowMs: clock.nowMs }),
    throttle: principals.before((identified) => throttle(identified, { buckets: deps.limits.buckets, addressOf: deps.addressOf })),
    openOrEnd: (identified, response) => openDoor(identified, response, { legacy, catalogs, engines: deps.engines, refuseWith }),
    toRequests: (identified, body, response) => toRequests(identified, body, response, { legacy, desk: deps.signIns, sharing: deps.sharing }),
    ...governing(deps, parking),
    toApiRequests: (identified, body, response) => apiRequests(identified, body, response, { catalogs, engines: deps.engines, version: deps.info.version }),
    dispatch: { clock, upstreams, bulkheads: new Bulkheads(clock), parking, taskIds, deliveries, park: (call, asked) => parking.park(call, asked), signIns: deps.signIns },
    encode: createEncodeOutcome(deps.info),
    refuse: refuseWith,
    record: createRecord(deps.write, clock.monotonicMs),
    calls: deps.calls,
    observe: deps.observe,
    local: { info: deps.info, upstreams, catalogs, subscriptions, taskIds, engines: deps.engines, discovery },
    middlewareServices: { clock, failed: deps.middlewareFailed, post: deps.middlewarePost, sharedResults: deps.sharedResults },
    continuations,
    bodyBytesMax: deps.bodyBytesMax,
    bodies: deps.bodies,
  };
  const endCredential = (credentialId: string): void => endWhere(({ principal }) => principal.credentialId === credentialId, { sessions, subscriptions });
  inspections.onClosed = endCredential;
  return {
    discoveryDesk: new DiscoveryDesk({ catalogs, upstreams, snapshot, discovery, nowMs: clock.nowMs }),
    collisions: (endpoint) => collisionsAt(snapshot().endpoints.get(endpoint)?.namespace, catalogs),
    serve: withApiPage(createServe(serveDeps)),
    findPrincipal: (id) => principals.find(id),
    callTool: (call) => makeInnerCall(noted(call, principals), { snapshot, nowMs: clock.monotonicMs, wallMs: clock.nowMs, newCorrelationId: deps.newCorrelationId, serve: (decoded) => serveRequest(decoded, serveDeps) }),
    catalog: (namespace) => shownCatalog(snapshot().namespaces.get(namespace), catalogs),
    refuse: (http, response, thrown) => refuseWith(http, response, { fault: toFault(thrown), id: undefined }),
    upstreamsEvents: eventsFor({ catalogs, subscriptions, sessions, upstreams, deliveries, taskIds }),
    snapshotChanged: () => snapshotChanged({ snapshot: snapshot(), nowMs: clock.nowMs(), inspections }, { sessions, subscriptions, catalogs }),
    sessions: () => sessions.all(),
    moving: movingSessions(sessions, { clock, legacy, subscriptions }),
    endCredential,
    inspections,
    counts: () => ({ sessions: sessions.size, streams: subscriptions.streams, parked: parking.size, scripts: discovery.scriptsRunning, indexBuilds: discovery.indexBuilds }),
    close: () => closeAll({ subscriptions, parking, inspections, sessions }),
  };
}

/** A run that goes on after a restart may call further workflows before its principal asks again. */
function noted(call: InnerCall, principals: KnownPrincipals): InnerCall {
  principals.note(call.principal);
  return call;
}

function closeAll({ subscriptions, parking, inspections, sessions }: Pick<EventsDeps, 'subscriptions' | 'sessions'> & { readonly parking: Parking; readonly inspections: Inspections }): void {
  subscriptions.stop();
  parking.close();
  inspections.closeAll();
  sessions.close();
}

/** What may no longer be open ends; changed lists are announced. */
function snapshotChanged({ snapshot, nowMs, inspections }: { readonly snapshot: Snapshot; readonly nowMs: number; readonly inspections: DataPlane['inspections'] }, { sessions, subscriptions, catalogs }: Pick<EventsDeps, 'sessions' | 'subscriptions' | 'catalogs'>): void {
  const isOrphan = orphansOf(snapshot, nowMs);
  endWhere((open) => !inspections.isOpen(open.principal.credentialId) && isOrphan(open), { sessions, subscriptions });
  catalogs.changed();
  subscriptions.listsChanged();
}

function legacyDeps(clock: Clock, { sessions, subscriptions, upstreams }: Pick<EventsDeps, 'sessions' | 'subscriptions' | 'upstreams'>): LegacyDeps {
  return {
    clock,
    outbox: new Outbox(clock),
    sessions,
    opened: (session) => {
      subscriptions.addSession(session);
    },
    notified: (session, method, params) => {
      if (method === 'notifications/roots/list_changed') upstreams.notifySession(session.label, method, params);
    },
  };
}

function sessionEnded(session: Session, { subscriptions, upstreams }: Pick<EventsDeps, 'subscriptions' | 'upstreams'>): void {
  subscriptions.removeSession(session);
  upstreams.release(session.label);
}

/** What policy and limits need, on the path between the stages that take from it. */
function governing({ clock, engines, shadowed, limits, addressOf, approvals: desk }: DataPlaneDeps, parking: Parking): Pick<ServeDeps, 'admission' | 'approvals' | 'reserve'> {
  const approvals = desk && new Approvals({ clock, desk, parking });
  return {
    admission: { engines, approve: approvals && ((resolved, decision) => approvals.approve(resolved, decision)), shadowed: (resolved, decision) => shadowed.note(resolved, decision) },
    approvals,
    reserve: { clock, addressOf, ...limits },
  };
}

function collisionsAt(namespace: NamespaceSpec | undefined, catalogs: Catalogs): Collision[] {
  return namespace === undefined ? [] : [...catalogs.of(namespace).collisions];
}

interface Doors {
  readonly legacy: LegacyDeps;
  readonly catalogs: Catalogs;
  readonly engines: Engines;
  readonly refuseWith: Parameters<typeof createServe>[0]['refuse'];
}

/** What a request without a body asks for. */
function openDoor(identified: Identified, response: HttpResponse, { legacy, catalogs, engines, refuseWith }: Doors): void {
  if (identified.door !== 'catalog.json') openOrEnd(identified, headersOf(identified.http), response, legacy);
  else serveCatalog(identified, response, { catalogs, engines }).catch((thrown: unknown) => refuseWith(identified.http, response, { fault: toFault(thrown), id: undefined }));
}

function headersOf(http: HttpRequest): ClientHeaders {
  const one = (name: string): string | undefined => {
    const value = http.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { protocolVersion: one('mcp-protocol-version'), method: one('mcp-method'), name: one('mcp-name'), sessionId: one('mcp-session-id') };
}

/** Each family has its front end; one address serves both. */
function toRequests(identified: Identified, body: Body, response: HttpResponse, { legacy, desk, sharing }: { readonly legacy: LegacyDeps; readonly desk: SignInDesk | undefined; readonly sharing: Sharing | undefined }): readonly Decoded[] {
  if (desk !== undefined) showToken(identified, desk);
  const headers = headersOf(identified.http);
  const post = { identified, headers, body, response };
  const [first] = body.envelopes;
  const isForModern = identified.door === 'mcp' && first !== undefined && isModern(first, headers);
  if (!isForModern) return legacyRequests(post, legacy);
  const handle = sharing && handleIn(first.method, paramsOf(first));
  if (sharing === undefined || handle === undefined || !sharing.isElsewhere(handle)) return modernRequests(post, legacy);
  sharing.handOver(handle, { http: identified.http, response, body: body.bytes });
  return [];
}

function movingSessions(sessions: Sessions, { clock, legacy, subscriptions }: { readonly clock: Clock; readonly legacy: LegacyDeps; readonly subscriptions: Subscriptions }): MovingSessions {
  return {
    has: (id, carrier) => sessions.has(id, carrier),
    restore: (id, restored, watched) => {
      const session = sessions.restore(id, restored);
      legacy.opened(session);
      return subscriptions.watchAgain(session, watched, clock.nowMs());
    },
    drop: (digest) => sessions.drop(digest),
    isLeaving: () => sessions.isClosing,
    count: () => sessions.size,
  };
}

function refuse(http: HttpRequest, response: HttpResponse, { fault, id }: { readonly fault: Fault; readonly id: RequestId | undefined }, { correlationId, challenge }: { readonly correlationId: string; readonly challenge: string | undefined }): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (isApiRequest(http)) {
    refuseApi(response, fault, { correlationId, challenge });
    return;
  }
  const { message, httpStatus, headers } = encodeFault(id, undefined, fault, correlationId);
  const isUnread = !http.complete;
  response.writeHead(httpStatus, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(message),
    'cache-control': 'no-store',
    ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
    ...(httpStatus === 405 ? { allow: 'POST, GET, DELETE' } : {}),
    ...(isUnread ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(message);
}

/** What a client holds open: a session or a listen stream. */
interface Open {
  readonly endpoint: string;
  readonly principal: Principal;
}

function endWhere(isOver: (open: Open) => boolean, { sessions, subscriptions }: Pick<EventsDeps, 'sessions' | 'subscriptions'>): void {
  for (const session of [...sessions.all()]) if (isOver(session.opening)) session.end();
  subscriptions.endListens(isOver);
}

/** Those whose endpoint is gone or whose credential no longer opens it. */
function orphansOf(snapshot: Snapshot, nowMs: number): (open: Open) => boolean {
  const alive = new Set<string>();
  for (const key of snapshot.keys.values())
    if (key.expiresAtMs === undefined || key.expiresAtMs > nowMs) for (const endpoint of key.endpoints) alive.add(`${key.id}\n${endpoint}`);
  return ({ endpoint, principal }) => {
    const isOpen = principal.kind !== 'key' || alive.has(`${principal.credentialId}\n${endpoint}`) || alive.has(`${principal.credentialId}\n*`);
    return !snapshot.endpoints.has(endpoint) || !isOpen;
  };
}
