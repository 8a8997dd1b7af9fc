/**
 * An upstream: one live, connected MCP server, whatever its transport and revision. The data plane sends it
 * requests in neutral form and hears back through one `CallEvents` per request; ids, handshakes, headers and
 * `_meta` envelopes of the server's own revision stay inside.
 */
import type { Fault } from '../base/fault.ts';
import type { RawObject } from '../protocol/envelope.ts';
import type { Family, JsonObject, JsonValue, Revision, RpcError } from '../protocol/messages.ts';

/** Result, protocol error of the server, or fault of ours: exactly one ends a call. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: RawObject }
  | { readonly kind: 'error'; readonly error: RpcError }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** A request that the server makes of the client (legacy): sampling, elicitation, roots. Answer it once. */
export interface ServerRequest {
  readonly method: string;
  readonly params: JsonObject;
  reply(result: JsonObject): void;
  refuse(error: RpcError): void;
  /** How far the answer is, in the shape of `notifications/progress`; goes nowhere unless the server asked for it. */
  progress?(params: JsonObject): void;
  /** Set by who passes the request on: called when the server no longer wants an answer. */
  onWithdrawn?: (reason: string) => void;
}

export interface CallEvents {
  /** Called exactly once, last. */
  end(outcome: Outcome): void;
  /** A notification caused by this request: progress (with the client's token put back), message. */
  notify(method: string, params: JsonObject): void;
  /** Only where the transport proves that this request caused it, or where it is the only one in flight. */
  ask(request: ServerRequest): void;
}

/** A request in neutral form. Params are those of the client, own names already in place, without wire-only `_meta`. */
export interface UpstreamRequest {
  readonly method: string;
  readonly params: JsonObject;
  /** The client's progress token, undefined where it wants none. */
  readonly progressToken: string | number | undefined;
  /** What the client can do, for `_meta` of modern servers and for refusing what it cannot. */
  readonly clientCapabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
  /** Level of `notifications/message` the client wants for this request, undefined = none. */
  readonly logLevel: string | undefined;
  /** Validated `Mcp-Param-*` headers for modern HTTP servers, plus operator-allowed ones. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface Call {
  /** The client went away or cancelled: tells the server, ends with `request.cancelled` unless already ended. */
  cancel(reason: string): void;
  /** Stops the deadline while a person is being asked; what it returns lets the time go on. Bounded by who holds. */
  hold(): () => void;
}

export type ListKind = 'tools' | 'prompts' | 'resources';

/** What an upstream tells without being asked. */
export interface UpstreamEvents {
  listChanged(kind: ListKind): void;
  resourceUpdated(params: JsonObject): void;
  /** A log message that belongs to no request. */
  log(params: JsonObject): void;
  /** A legacy server asks outside any request; whoever is not one-to-one with a session refuses. */
  ask(request: ServerRequest): void;
  /** Any further notification, e.g. `notifications/elicitation/complete`, `notifications/tasks/status`. */
  notify(method: string, params: JsonObject): void;
  /** The last request of a client that was under way has ended. */
  idle?(): void;
  closed(fault: Fault): void;
}

/** What the server said about itself in `initialize` or `server/discover`. */
export interface ServerProfile {
  readonly family: Family;
  readonly revision: Revision;
  readonly capabilities: JsonObject;
  readonly serverInfo: JsonObject;
  readonly instructions: string | undefined;
}

/** What somebody wants to hear of: resource URIs, and ids of tasks of the extension (modern servers only). All as the server knows them. */
export interface Watched {
  readonly uris: ReadonlySet<string>;
  readonly taskIds: ReadonlySet<string>;
}

export interface Upstream {
  readonly profile: ServerProfile;
  readonly inFlight: number;
  readonly pid: number | undefined;
  send(request: UpstreamRequest, events: CallEvents): Call;
  /** Legacy only; ignored by modern servers, which have no client notifications but cancellation. */
  notify(method: string, params: JsonObject): void;
  /** Keeps a subscription to these resources and tasks alive, whatever the family needs for it; replaces the former set. Resolves when the server was told or refused. */
  watch(watched: Watched): Promise<void>;
  stderrTail(): string;
  close(): Promise<void>;
}

/** A request of ours without a client (lists, ping): resolves with the result, rejects with a Fault. */
export type Ask = (method: string, params: Readonly<Record<string, JsonValue>>, timeoutMs: number) => Promise<RawObject>;
