/**
 * Front end for clients with `initialize`: Streamable HTTP with sessions (2025-03-26 to 2025-11-25), and HTTP+SSE
 * (2024-11-05), where one stream carries all that the server says.
 */
import type { HttpResponse } from '../base/http.ts';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { familyOf, isObject, isRevision, type JsonObject, LEGACY_REVISION_LATEST, REVISIONS, type Revision } from '../protocol/messages.ts';
import { metaOf } from '../protocol/meta.ts';
import { REVISION_TABLES } from '../protocol/revisions.ts';
import { type ClientHeaders, type Post, paramsOf } from './decode.ts';
import { EventStream } from './event-stream.ts';
import type { Decoded, Identified } from './exchange.ts';
import { Interned } from './interned.ts';
import type { Outbox } from './outbox.ts';
import { HttpReply, NOTHING_TO_KEEP, type Reply, StreamReply } from './reply.ts';
import type { ClientAnswer, Session } from './session.ts';
import type { Sessions } from './sessions.ts';

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const HTTP_SSE_REVISION = '2024-11-05' satisfies Revision;

export interface LegacyDeps {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly sessions: Sessions;
  /** A session is open and its client known: it hears of changes from now on. */
  readonly opened: (session: Session) => void;
  /** A client notification that servers may want to know. */
  readonly notified: (session: Session, method: string, params: JsonObject) => void;
}

/** The requests of a POST; notifications and answers of the client are dealt with here. */
export function legacyRequests(post: Post, deps: LegacyDeps): readonly Decoded[] {
  const { body, headers, identified, response } = post;
  const [first] = body.envelopes;
  const isOpening = first?.kind === 'request' && first.method === 'initialize' && !body.isBatch;
  if (isOpening && identified.door === 'mcp') return [openSession(identified, first, response, deps)];
  const session = sessionOf(identified, headers, deps);
  if (headers.protocolVersion !== undefined && !isLegacyRevision(headers.protocolVersion)) throw new Fault('request.revision_unsupported', { data: { supported: [session.opening.revision] } });
  if (isOpening) negotiate(session, paramsOf(first), { ...deps, endpoint: identified.endpoint });
  // The setting may have come after the session.
  checkAge(identified.endpoint, session.opening.revision);
  if (body.isBatch && !REVISION_TABLES[session.opening.revision].hasBatches) throw new Fault('request.invalid', { reason: 'batch_not_supported' });
  const requests = body.envelopes.filter((envelope) => envelope.kind === 'request');
  for (const envelope of body.envelopes) if (envelope.kind !== 'request') hear(session, envelope, deps);
  if (requests.length === 0) {
    response.writeHead(202, NOTHING_TO_KEEP).end();
    return [];
  }
  const reply = replyTo(post, session, requests.length, deps);
  return requests.map((envelope) => toDecoded(identified, session, envelope, reply));
}

/** GET opens or resumes a stream, DELETE ends the session. */
export function openOrEnd(identified: Identified, headers: ClientHeaders, response: HttpResponse, deps: LegacyDeps): void {
  const { http, endpoint } = identified;
  if (identified.door === 'sse') {
    openHttpSse(identified, response, deps);
    return;
  }
  if (headers.sessionId === undefined || (headers.protocolVersion !== undefined && !isLegacyRevision(headers.protocolVersion))) throw new Fault('request.method_not_allowed');
  const session = deps.sessions.get(headers.sessionId, endpoint.name, identified.principal);
  if (http.method === 'DELETE') {
    session.end();
    response.writeHead(200, NOTHING_TO_KEEP).end();
    return;
  }
  checkAge(endpoint, session.opening.revision);
  if (!accepts(http.headers.accept, 'text/event-stream')) throw new Fault('request.not_acceptable');
  const lastEventId = http.headers['last-event-id'];
  if (typeof lastEventId !== 'string') {
    const stream = session.openStream();
    session.addMain(stream);
    stream.attach(response);
    return;
  }
  const found = session.findStream(lastEventId);
  if (found !== undefined) {
    found.stream.attach(response, {}, found.sinceSequence);
    return;
  }
  // Not of this session, or too old: nothing is told again. 404 would mean that the session is gone.
  const stream = session.openStream();
  session.addMain(stream);
  stream.attach(response);
}

function openSession(identified: Identified, envelope: Envelope, response: HttpResponse, deps: LegacyDeps): Decoded {
  const params = paramsOf(envelope);
  const { id, session } = deps.sessions.open({ endpoint: identified.endpoint.name, principal: identified.principal, ...clientOf(params, identified.endpoint) });
  deps.opened(session);
  const reply = new HttpReply({ http: response, clock: deps.clock, outbox: deps.outbox, canStream: false, openStream: undefined, headers: { 'mcp-session-id': id }, answers: 1, isBatch: false });
  return toDecoded(identified, session, envelope, reply);
}

function clientOf(params: JsonObject, endpoint: EndpointSpec): { readonly revision: Revision; readonly capabilities: JsonObject; readonly info: JsonObject | undefined } {
  const asked = params['protocolVersion'];
  if (typeof asked !== 'string') throw new Fault('request.params_invalid', { message: 'protocolVersion is not a string' });
  const revision = isLegacyRevision(asked) ? asked : LEGACY_REVISION_LATEST;
  checkAge(endpoint, revision);
  return {
    revision,
    capabilities: sayings.of(isObject(params['capabilities']) ? params['capabilities'] : {}),
    info: isObject(params['clientInfo']) ? sayings.of(params['clientInfo']) : undefined,
  };
}

/** What clients say of themselves, in all sessions. */
const sayings = new Interned();

function negotiate(session: Session, params: JsonObject, deps: LegacyDeps & { readonly endpoint: EndpointSpec }): void {
  const { revision, capabilities, info } = clientOf(params, deps.endpoint);
  session.negotiated(revision, capabilities, info);
  deps.opened(session);
}

/** HTTP+SSE: the stream is the session; its first event says where to POST. */
function openHttpSse(identified: Identified, response: HttpResponse, deps: LegacyDeps): void {
  const { endpoint, principal, query } = identified;
  checkAge(endpoint, HTTP_SSE_REVISION);
  const { id, session } = deps.sessions.open({ endpoint: endpoint.name, principal, revision: HTTP_SSE_REVISION, capabilities: {}, info: undefined });
  const stream = new EventStream({ clock: deps.clock });
  session.addMain(stream);
  stream.onGone = () => session.end();
  stream.attach(response);
  // A client that may only show its key in the address must find it in the address of its POSTs too.
  const key = endpoint.auth.query ? new URLSearchParams(query).get('api_key') : null;
  stream.send(`/metamcp/${endpoint.name}/message?sessionId=${id}${key === null ? '' : `&api_key=${encodeURIComponent(key)}`}`, 'endpoint');
}

function sessionOf(identified: Identified, headers: ClientHeaders, deps: LegacyDeps): Session {
  const id = identified.door === 'message' ? (new URLSearchParams(identified.query).get('sessionId') ?? undefined) : headers.sessionId;
  if (id === undefined) throw new Fault('request.session_missing');
  return deps.sessions.get(id, identified.endpoint.name, identified.principal, identified.http.socket);
}

function replyTo({ body, identified, response }: Post, session: Session, answers: number, deps: LegacyDeps): Reply {
  if (identified.door === 'message' && session.main !== undefined) {
    response.writeHead(202, NOTHING_TO_KEEP).end();
    return new StreamReply(session.main);
  }
  const canStream = accepts(identified.http.headers.accept, 'text/event-stream');
  return new HttpReply({ http: response, clock: deps.clock, outbox: deps.outbox, canStream, openStream: () => session.openStream(), headers: NO_HEADERS, answers, isBatch: body.isBatch });
}

function toDecoded(identified: Identified, session: Session, envelope: Envelope, reply: Reply): Decoded {
  const params = paramsOf(envelope);
  const token = metaOf(params)['progressToken'];
  const { revision, capabilities, info } = session.opening;
  return {
    ...identified,
    client: { revision, capabilities, info, logLevel: undefined, session },
    id: envelope.id ?? '',
    method: envelope.method,
    params,
    rawParams: envelope.body,
    progressToken: typeof token === 'string' || typeof token === 'number' ? token : undefined,
    paramHeaders: NO_HEADERS,
    reply,
  };
}

/** A notification, or the answer to something we asked. */
function hear(session: Session, envelope: Envelope, deps: LegacyDeps): void {
  const body = envelope.body?.value ?? {};
  if (envelope.kind === 'result' || envelope.kind === 'error') {
    const answer: ClientAnswer = envelope.kind === 'result' ? { kind: 'result', result: body } : { kind: 'error', error: { code: Number(body['code']), message: String(body['message']), data: body['data'] } };
    if (envelope.id !== undefined) session.answered(envelope.id, answer);
    return;
  }
  if (envelope.method === 'notifications/cancelled') {
    const id = body['requestId'];
    if (typeof id === 'string' || typeof id === 'number') session.inFlight.find(id)?.cancel(String(body['reason'] ?? 'cancelled by the client'));
  } else if (envelope.method === 'notifications/progress') session.progressed(body);
  else deps.notified(session, envelope.method, body);
}

/**
 * Refuses a revision older than the endpoint takes. Nothing newer is offered instead (2025-11-25, lifecycle): a client
 * asks for the newest that it knows, so one that asks for an older one has no other. Throws `request.revision_unsupported`.
 */
function checkAge({ oldestRevision }: EndpointSpec, revision: string | undefined): void {
  if (oldestRevision === undefined || revision === undefined || !isRevision(revision)) return;
  const oldest = REVISIONS.indexOf(oldestRevision);
  if (REVISIONS.indexOf(revision) < oldest) throw new Fault('request.revision_unsupported', { data: { supported: REVISIONS.slice(oldest), requested: revision } });
}

function isLegacyRevision(text: string): text is Revision {
  return isRevision(text) && familyOf(text) === 'legacy';
}

/** An absent Accept means anything (RFC 9110 section 12.5.1). */
function accepts(accept: string | undefined, type: string): boolean {
  return accept === undefined || accept.includes(type) || accept.includes('*/*');
}
