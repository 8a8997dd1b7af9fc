/**
 * The client side of revisions with `initialize` (2024-11-05 to 2025-11-25).
 *
 * A session that an HTTP server has forgotten (404) is opened anew once for everyone: requests refused that way were
 * not executed, so they are sent again, once. Requests on streams of the old session keep their own fate.
 */
import { Fault, toFault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Envelope, RawObject } from '../protocol/envelope.ts';
import { familyOf, isObject, isRevision, type JsonObject, LEGACY_REVISION_LATEST, type Revision, type RpcError } from '../protocol/messages.ts';
import { metaOf } from '../protocol/meta.ts';
import type { OpenLink, Outgoing } from './link.ts';
import { LinkPort, type PeerPort } from './link-port.ts';
import { isMoreVerbose } from './log-level.ts';
import { INTERACTIVE_CAPABILITIES, noticeText, Peer, type PeerDeps, requestText } from './peer.ts';
import type { PendingCall } from './pending.ts';
import { METHOD_NOT_FOUND, ServerAsks } from './server-asks.ts';
import type { ListKind, ServerProfile, ServerRequest, Watched } from './upstream.ts';

/** A cancelled HTTP request's stream is given up so long after the cancellation was sent, for servers that never end it. */
const ABORT_GRACE_MS = 1_000;
/** `MCP-Protocol-Version` exists since then. */
const VERSION_HEADER_SINCE = '2025-06-18' satisfies Revision;
const OWN_TIMEOUT_MS = 30_000;

/** Said to a server whose question belongs to one of several calls and shows not to which: what it makes of that reaches a client. */
const UNCLEAR: RpcError = { code: -32603, message: 'Several calls wait for an answer, and this connection does not tell which of them asks. Call again: from now on each call has a connection of its own.' };

const ASKABLE: ReadonlySet<string> = new Set(['sampling/createMessage', 'elicitation/create', 'roots/list']);
const LIST_KINDS: Readonly<Record<string, ListKind>> = {
  'notifications/tools/list_changed': 'tools',
  'notifications/prompts/list_changed': 'prompts',
  'notifications/resources/list_changed': 'resources',
};

/** Opens a link and shakes hands within `spec.startTimeoutMs`. Rejects with the link's fault, `upstream.timeout` or `upstream.protocol_error`. */
export async function connectLegacyPeer(openLink: OpenLink, spec: ServerSpec, deps: PeerDeps): Promise<Peer> {
  return startLegacyPeer(await LinkPort.open(openLink), spec, deps);
}

/** What was asked on this link before: ids up to `lastId`, and the result of `initialize` where that was among it. */
export interface Begun {
  readonly lastId: number;
  readonly initialized?: JsonObject | undefined;
}

/** As `connectLegacyPeer`, over a link that is open. The link is closed when the handshake fails. */
export async function startLegacyPeer(port: PeerPort, spec: ServerSpec, deps: PeerDeps, begun: Begun = { lastId: 0 }): Promise<Peer> {
  const peer = new LegacyPeer(port, spec, deps, begun.lastId);
  port.attach(peer);
  try {
    await peer.initialize(spec.startTimeoutMs, begun.initialized);
    return peer;
  } catch (thrown) {
    await peer.close();
    throw thrown;
  }
}

class LegacyPeer extends Peer {
  #profile: ServerProfile | undefined;
  #sessionId: string | undefined;
  #headers: Readonly<Record<string, string>> = {};
  #initializeId: number | undefined;
  #reinitialising: Promise<void> | undefined;
  #level: string | undefined;
  #watched: ReadonlySet<string> = new Set();
  readonly #asks: ServerAsks;
  /** Questions that may belong to more than one call: asked when the others have ended, which proves whose they are. */
  #unclear: ServerRequest[] = [];

  constructor(port: PeerPort, spec: ServerSpec, deps: PeerDeps, lastId: number) {
    super(port, spec, deps, lastId);
    this.#asks = new ServerAsks((text) => this.write({ text, method: '', headers: this.#headers }));
  }

  get profile(): ServerProfile {
    if (this.#profile === undefined) throw new Fault('gateway.bug', { detail: 'not initialised' });
    return this.#profile;
  }

  /** Logs and questions may come at any time; the call they belonged to may have ended. */
  protected readonly isTimely = false;

  get isWatching(): boolean {
    return this.#watched.size > 0;
  }

  async initialize(timeoutMs: number, initialized?: JsonObject): Promise<void> {
    this.#sessionId = undefined;
    this.#headers = {};
    this.#level = undefined;
    const result = initialized ?? (await this.ask('initialize', initializeParams(this.deps), timeoutMs)).value;
    const profile = toProfile(result, this.server);
    this.#profile = profile;
    this.#headers = {
      ...(profile.revision >= VERSION_HEADER_SINCE ? { 'MCP-Protocol-Version': profile.revision } : {}),
      ...(this.#sessionId === undefined ? {} : { 'Mcp-Session-Id': this.#sessionId }),
    };
    this.notify('notifications/initialized', {});
    this.link.listen?.(this.#headers);
  }

  answered(id: number, headers: Readonly<Record<string, string | undefined>>): void {
    if (id === this.#initializeId) this.#sessionId = headers['mcp-session-id'];
  }

  /** 404 is how a server says that it does not know the session (2025-11-25, basic/transports, "Session Management"). */
  override failed(id: number, fault: Fault, status?: number): void {
    const call = this.calls.find(id);
    if (call !== undefined && status === 404 && this.#sendAgain(call)) return;
    super.failed(id, fault, status);
  }

  /** Many servers say so with a 400 and an error about the session that names no request. */
  protected override onNamelessError(call: PendingCall, error: RpcError): void {
    if (/session/i.test(error.message) && this.#sendAgain(call)) return;
    super.onNamelessError(call, error);
  }

  /** False where the refusal cannot be about the session, or came a second time. */
  #sendAgain(call: PendingCall): boolean {
    const hasSession = this.#sessionId !== undefined || this.#reinitialising !== undefined;
    if (this.#profile === undefined || call.id === this.#initializeId || !hasSession || call.isResent) return false;
    call.isResent = true;
    this.#reinitialise(call).then(
      () => this.calls.find(call.id) === call && super.dispatch(call),
      (thrown: unknown) => this.calls.fail(call, unexecuted(thrown, this.server)),
    );
    return true;
  }

  /** One new session for all who find the old one gone, also for those whose refusal comes after it was opened. */
  #reinitialise(call: PendingCall): Promise<void> {
    if (this.#reinitialising !== undefined) return this.#reinitialising;
    if (call.id > (this.#initializeId ?? 0) || this.#initializeId === undefined) {
      this.#asks.clear();
      const fresh = this.initialize(this.spec.startTimeoutMs).then(() => this.#resume());
      this.#reinitialising = fresh;
      fresh.then(
        () => {
          this.#reinitialising = undefined;
        },
        (thrown: unknown) => {
          this.closed(toFault(thrown));
          void this.close();
        },
      );
      return fresh;
    }
    return Promise.resolve();
  }

  /** What the old session knew, and what may have changed with the server. */
  #resume(): void {
    const watched = this.#watched;
    this.#watched = new Set();
    void this.watch({ uris: watched, taskIds: new Set() });
    for (const kind of ['tools', 'prompts', 'resources'] as const) this.deps.events.listChanged(kind);
  }

  notify(method: string, params: JsonObject): void {
    this.write({ text: noticeText(method, params), method, headers: this.#headers });
  }

  async watch({ uris }: Watched): Promise<void> {
    const canSubscribe = isObject(this.profile.capabilities['resources']) && this.profile.capabilities['resources']['subscribe'] === true;
    const before = this.#watched;
    this.#watched = new Set(uris);
    if (!canSubscribe) return;
    for (const uri of before) if (!uris.has(uri)) void this.#tell('resources/unsubscribe', { uri });
    await Promise.all([...uris].filter((uri) => !before.has(uri)).map((uri) => this.#tell('resources/subscribe', { uri })));
  }

  /** A request whose result says nothing; a refusal is counted. */
  async #tell(method: string, params: JsonObject): Promise<void> {
    await this.ask(method, params, OWN_TIMEOUT_MS).catch((thrown: unknown) => this.deps.onDropped('refused', `${method}: ${toFault(thrown).detail ?? ''}`));
  }

  abandon(call: PendingCall, reason: string): void {
    // `initialize` must not be cancelled (2025-11-25, basic/utilities/cancellation).
    if (call.id === this.#initializeId) return;
    this.notify('notifications/cancelled', { requestId: call.id, reason });
    if (this.link.kind === 'http') this.clock.after(ABORT_GRACE_MS, () => this.link.abort(call.id));
  }

  async close(): Promise<void> {
    const headers = this.#sessionId === undefined ? undefined : this.#headers;
    await this.link.close(headers === undefined ? {} : { deleteHeaders: headers });
    this.closed(new Fault('upstream.closed', { server: this.server, detail: 'closed by the gateway' }));
  }

  protected override onGone(): void {
    this.#asks.clear();
  }

  /** While a new session is being opened, requests wait for it. */
  protected override dispatch(call: PendingCall): void {
    if (call.request.method === 'initialize') this.#initializeId = call.id;
    else if (this.#reinitialising !== undefined) {
      this.#reinitialising.then(
        () => this.calls.find(call.id) === call && super.dispatch(call),
        (thrown: unknown) => this.calls.fail(call, unexecuted(thrown, this.server)),
      );
      return;
    }
    const { logLevel } = call.request;
    if (!call.isOwn && logLevel !== undefined && isMoreVerbose(logLevel, this.#level) && this.profile.capabilities['logging'] !== undefined) {
      // The level belongs to the whole connection; it only ever goes up, and each call filters for itself.
      this.#level = logLevel;
      void this.#tell('logging/setLevel', { level: logLevel });
    }
    super.dispatch(call);
  }

  protected frame(call: PendingCall): Outgoing {
    const { method, params, progressToken } = call.request;
    const sent = progressToken === undefined ? params : { ...params, _meta: { ...metaOf(params), progressToken: call.id } };
    return { text: requestText(call.id, method, sent), id: call.id, method, headers: { ...call.request.headers, ...this.#headers } };
  }

  protected takeRequest(envelope: Envelope, carrier: number | undefined): void {
    const request = this.#asks.take(envelope);
    if (request === undefined) return;
    if (request.method === 'ping') request.reply({});
    else if (!this.deps.isInteractive || !ASKABLE.has(request.method)) {
      this.deps.onDropped('server_request', request.method);
      request.refuse(METHOD_NOT_FOUND);
    } else {
      if (carrier === undefined) this.deps.onAsked?.();
      this.#askOf(request, carrier);
    }
  }

  #askOf(request: ServerRequest, carrier: number | undefined): void {
    const cause = this.causeOf(carrier);
    if (cause !== undefined) cause.events.ask(request);
    else if (carrier === undefined && this.inFlight > 1 && this.deps.ownership?.() === 'principal') {
      this.#unclear.push(request);
      request.onWithdrawn = () => {
        this.#unclear = this.#unclear.filter((other) => other !== request);
      };
      this.#refuseLast();
    } else this.deps.events.ask(request);
  }

  /** Where every call waits for an answer none will end and show whose the others are: the last to ask goes without. */
  #refuseLast(): void {
    if (this.#unclear.length >= this.inFlight) this.#refuseUnclear(this.inFlight - 1);
  }

  #refuseUnclear(from: number): void {
    for (const request of this.#unclear.splice(from)) {
      this.deps.onDropped('server_request', `${request.method}: of several calls`);
      request.refuse(UNCLEAR);
    }
  }

  /** A call that ended without its answer may have left a question behind, which must not pass for another call's. */
  override settled(fault: Fault | undefined): void {
    if (fault !== undefined) this.#refuseUnclear(0);
    if (this.inFlight <= 1) for (const request of this.#unclear.splice(0)) this.#askOf(request, undefined);
    else this.#refuseLast();
    super.settled(fault);
  }

  protected takeNotice(method: string, params: JsonObject, carrier: number | undefined): void {
    const kind = LIST_KINDS[method];
    if (kind !== undefined) this.deps.events.listChanged(kind);
    else if (method === 'notifications/resources/updated') this.deps.events.resourceUpdated(params);
    else if (method === 'notifications/message') this.takeLog(params, carrier);
    else if (method === 'notifications/cancelled') this.#asks.withdraw(params['requestId'], String(params['reason'] ?? 'withdrawn by the server'));
    else this.deps.events.notify(method, params);
  }

  protected checkResult(_call: PendingCall, _result: RawObject): undefined {
    return undefined;
  }
}

export function initializeParams(deps: Pick<PeerDeps, 'gatewayInfo' | 'isInteractive' | 'declares'>): JsonObject {
  const capabilities = deps.declares ?? (deps.isInteractive ? INTERACTIVE_CAPABILITIES : {});
  return { protocolVersion: LEGACY_REVISION_LATEST, capabilities, clientInfo: deps.gatewayInfo };
}

function toProfile(result: JsonObject, server: string): ServerProfile {
  const revision = result['protocolVersion'];
  if (typeof revision !== 'string' || !isRevision(revision) || familyOf(revision) !== 'legacy') {
    throw new Fault('upstream.protocol_error', { server, reason: 'unsupported_protocol_version', effect: 'not_executed', detail: `initialize answered protocolVersion ${JSON.stringify(revision ?? null).slice(0, 80)}` });
  }
  const { capabilities, serverInfo, instructions } = result;
  return {
    family: 'legacy',
    revision,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : {},
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}

/** The session could not be opened again, so the request was never executed. */
function unexecuted(thrown: unknown, server: string): Fault {
  const fault = toFault(thrown);
  return new Fault('upstream.unavailable', { server, reason: 'session_lost', detail: fault.detail ?? fault.message, cause: thrown });
}
