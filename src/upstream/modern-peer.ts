/**
 * The client side of 2026-07-28: every request carries its own metadata, nothing is kept between two requests.
 * `clientInfo` names the gateway, which is this server's client; who asked the gateway goes along under a key of ours.
 */
import { Fault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import { encodeHeaderValue, NAME_MEMBER } from '../protocol/header-value.ts';
import type { Envelope, RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject, type JsonValue, MODERN_REVISION } from '../protocol/messages.ts';
import { META, META_CLIENT, metaOf } from '../protocol/meta.ts';
import { MAY_NEED_INPUT, TASKS_EXTENSION_ID } from '../protocol/revisions.ts';
import type { OpenLink, Outgoing } from './link.ts';
import { LinkPort, type PeerPort } from './link-port.ts';
import { Listener } from './listener.ts';
import { INTERACTIVE_CAPABILITIES, noticeText, Peer, type PeerDeps, requestText } from './peer.ts';
import type { PendingCall } from './pending.ts';
import type { ListKind, ServerProfile, Watched } from './upstream.ts';

const LIST_KINDS: Readonly<Record<string, ListKind>> = {
  'notifications/tools/list_changed': 'tools',
  'notifications/prompts/list_changed': 'prompts',
  'notifications/resources/list_changed': 'resources',
};

/** Opens a link and discovers within `spec.startTimeoutMs`. Rejects with the link's fault, `upstream.timeout` or `upstream.protocol_error`. */
export async function connectModernPeer(openLink: OpenLink, spec: ServerSpec, deps: PeerDeps): Promise<Peer> {
  return startModernPeer(await LinkPort.open(openLink), spec, deps);
}

/** What was asked on this link before: ids up to `lastId`, and the result of `server/discover` where that was among it. */
export interface Probed {
  readonly lastId: number;
  readonly discovered?: JsonObject | undefined;
}

/** As `connectModernPeer`, over an open link. The link is closed when the handshake fails. */
export async function startModernPeer(port: PeerPort, spec: ServerSpec, deps: PeerDeps, probed: Probed = { lastId: 0 }): Promise<Peer> {
  const peer = new ModernPeer(port, spec, deps, probed.lastId);
  port.attach(peer);
  try {
    await peer.discover(probed.discovered);
    return peer;
  } catch (thrown) {
    await peer.close();
    throw thrown;
  }
}

/** Id of the probe that era detection sends: the first one, so that the peer's own come after it. */
export const PROBE_ID = 1;

/** The `server/discover` that probes for the family, with its headers. */
export function discoverMessage(gatewayInfo: JsonObject): Outgoing {
  const params = { _meta: { [META.protocolVersion]: MODERN_REVISION, [META.clientInfo]: gatewayInfo, [META.clientCapabilities]: {} } };
  return { text: requestText(PROBE_ID, 'server/discover', params), id: PROBE_ID, method: 'server/discover', headers: mirrorHeaders('server/discover', params) };
}

class ModernPeer extends Peer {
  #profile: ServerProfile | undefined;
  #listener: Listener | undefined;
  #watched: Watched = { uris: new Set(), taskIds: new Set() };
  /** What the last call said of itself. */
  #told: Told | undefined;

  constructor(port: PeerPort, spec: ServerSpec, deps: PeerDeps, lastId: number) {
    super(port, spec, deps, lastId);
  }

  get profile(): ServerProfile {
    if (this.#profile === undefined) throw new Fault('gateway.bug', { detail: 'not discovered' });
    return this.#profile;
  }

  protected readonly isTimely = true;

  get isWatching(): boolean {
    return this.#watched.uris.size > 0 || this.#watched.taskIds.size > 0;
  }

  async discover(discovered: JsonObject | undefined): Promise<void> {
    const result = discovered ?? (await this.ask('server/discover', {}, this.spec.startTimeoutMs)).value;
    const profile = toProfile(result, this.server);
    this.#profile = profile;
    this.#listener = new Listener({
      clock: this.clock,
      random: this.deps.random,
      capabilities: profile.capabilities,
      open: (filter, events) => {
        const call = this.calls.open({ request: { ...LISTEN, params: { notifications: filter } }, events, isOwn: true });
        this.dispatch(call);
        return call;
      },
      onRefused: (detail) => this.deps.onDropped('refused', `subscriptions/listen: ${detail}`),
      onReopened: () => {
        for (const kind of ['tools', 'prompts', 'resources'] as const) this.deps.events.listChanged(kind);
      },
    });
    void this.#listener.watch(this.#watched);
  }

  /** This revision has no client notifications but cancellation, which `abandon` sends. */
  notify(): void {}

  async watch(watched: Watched): Promise<void> {
    this.#watched = watched;
    await this.#listener?.watch(this.#watched);
  }

  /** Closing the stream is the cancellation on HTTP; elsewhere it is told (basic/patterns/cancellation). */
  abandon(call: PendingCall, reason: string): void {
    if (this.link.kind === 'http') this.link.abort(call.id);
    else this.write({ text: noticeText('notifications/cancelled', { requestId: call.id, reason }), method: 'notifications/cancelled' });
  }

  async close(): Promise<void> {
    await this.link.close();
    this.closed(new Fault('upstream.closed', { server: this.server, detail: 'closed by the gateway' }));
  }

  protected override onGone(): void {
    this.#listener?.stop();
  }

  protected frame(call: PendingCall): Outgoing {
    const { request } = call;
    const headers = this.link.kind === 'http' ? { ...request.headers, ...mirrorHeaders(request.method, request.params) } : {};
    return { text: textWithMeta(call, this.#metaText(call)), id: call.id, method: request.method, headers };
  }

  /** Of `_meta`. Who asks says the same of itself with every call, so its part is made once. */
  #metaText(call: PendingCall): string {
    const { request, isOwn } = call;
    const capabilities = isOwn ? OWN_CAPABILITIES : request.clientCapabilities;
    const { clientInfo, logLevel } = request;
    const told = this.#told;
    if (told?.capabilities !== capabilities || told.clientInfo !== clientInfo || told.logLevel !== logLevel) {
      const meta: Record<string, JsonValue | undefined> = { [META.protocolVersion]: MODERN_REVISION, [META.clientInfo]: this.deps.gatewayInfo, [META.clientCapabilities]: capabilities };
      if (clientInfo !== undefined) meta[META_CLIENT] = clientInfo;
      if (logLevel !== undefined) meta[META.logLevel] = logLevel;
      this.#told = { capabilities, clientInfo, logLevel, meta, text: JSON.stringify(meta) };
    }
    if (request.params['_meta'] === undefined && request.progressToken === undefined && this.#told !== undefined) return this.#told.text;
    return JSON.stringify({ ...metaOf(request.params), ...this.#told?.meta, ...(request.progressToken === undefined ? {} : { progressToken: call.id }) });
  }

  /** Servers must not send requests (stdio, "Receiving Messages"), and clients no responses: there is nobody to refuse to. */
  protected takeRequest(envelope: Envelope): void {
    this.deps.onDropped('server_request', envelope.method);
  }

  protected takeNotice(method: string, params: JsonObject, carrier: number | undefined): void {
    const subscription = metaOf(params)[META.subscriptionId];
    if (method === 'notifications/message') this.takeLog(params, carrier);
    else if (method === 'notifications/cancelled') this.#listener?.cancelled(params['requestId']);
    else if (this.#listener?.isOurs(subscription, carrier) === true) this.#takeSubscribed(method, params);
    else if (subscription === undefined && LIST_KINDS[method] === undefined) this.deps.events.notify(method, params);
    else this.deps.onDropped('subscription', `${method} of ${JSON.stringify(subscription ?? null).slice(0, 80)}`);
  }

  #takeSubscribed(method: string, params: JsonObject): void {
    const kind = LIST_KINDS[method];
    if (kind !== undefined) this.deps.events.listChanged(kind);
    else if (method === 'notifications/subscriptions/acknowledged') this.#listener?.acknowledged(metaOf(params)[META.subscriptionId]);
    else if (method === 'notifications/resources/updated') this.deps.events.resourceUpdated(params);
    else this.deps.events.notify(method, params);
  }

  /** Absent means complete; unknown is invalid unless the client declared an extension that may define it (basic/index, "ResultType"). */
  protected checkResult(call: PendingCall, result: RawObject): Fault | undefined {
    const type = result.member('resultType');
    if (type === undefined || type === '"complete"') return undefined;
    if (type === '"input_required"' && !call.isOwn && MAY_NEED_INPUT.has(call.request.method)) return undefined;
    const extensions = call.request.clientCapabilities['extensions'];
    if (!call.isOwn && type.startsWith('"') && type !== '"input_required"' && isObject(extensions) && Object.keys(extensions).length > 0) return undefined;
    return new Fault('upstream.protocol_error', { server: this.server, reason: 'unknown_result_type', detail: `resultType ${type.slice(0, 80)}` });
  }
}

interface Told {
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
  readonly logLevel: string | undefined;
  readonly meta: JsonObject;
  readonly text: string;
}

function textWithMeta({ id, request: { method, params } }: PendingCall, metaText: string): string {
  const text = JSON.stringify(params['_meta'] === undefined ? params : withoutMeta(params));
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${text === '{}' ? '{' : `${text.slice(0, -1)},`}"_meta":${metaText}}}`;
}

function withoutMeta({ _meta: _, ...own }: JsonObject): JsonObject {
  return own;
}

/** Of requests of the gateway itself: some client may be able to do each of it. */
const OWN_CAPABILITIES: JsonObject = { ...INTERACTIVE_CAPABILITIES, extensions: { ...(isObject(INTERACTIVE_CAPABILITIES['extensions']) ? INTERACTIVE_CAPABILITIES['extensions'] : {}), [TASKS_EXTENSION_ID]: {} } };

const LISTEN = { method: 'subscriptions/listen', progressToken: undefined, clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, headers: {}, timeoutMs: Number.POSITIVE_INFINITY };

function mirrorHeaders(method: string, params: JsonObject): Record<string, string> {
  const headers: Record<string, string> = { 'MCP-Protocol-Version': MODERN_REVISION, 'Mcp-Method': method };
  const member = NAME_MEMBER.get(method);
  const name = member === undefined ? undefined : params[member];
  if (typeof name === 'string') headers['Mcp-Name'] = encodeHeaderValue(name);
  return headers;
}

function toProfile(result: JsonObject, server: string): ServerProfile {
  const { supportedVersions, capabilities, instructions } = result;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(MODERN_REVISION)) {
    throw new Fault('upstream.protocol_error', { server, reason: 'unsupported_protocol_version', effect: 'not_executed', detail: `server/discover answered supportedVersions ${JSON.stringify(supportedVersions ?? null).slice(0, 200)}` });
  }
  const serverInfo = metaOf(result)[META.serverInfo];
  return {
    family: 'modern',
    revision: MODERN_REVISION,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : {},
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}
