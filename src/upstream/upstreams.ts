/** All upstreams of the gateway, as the data plane uses them. Made by `createUpstreams` (pool.ts). */
import type { Fault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Family, JsonObject } from '../protocol/messages.ts';
import type { ListKind, ServerProfile, ServerRequest, Upstream } from './upstream.ts';

/** Reason of a `limit.overloaded` where one principal has as many calls under way that may ask it as it may have. */
export const INTERACTIVE_CALLS = 'interactive_calls';

/** For whom a connection is wanted; together with the server's isolation it says which connection that is. */
export interface Lease {
  readonly principalId: string;
  /** Label of the client's session (legacy), undefined for modern clients. */
  readonly sessionId: string | undefined;
  /** The client declared sampling, elicitation or roots. */
  readonly wantsInteraction: boolean;
  readonly family: Family;
  /** What a connection of the client's own declares at `initialize`; undefined: all that some client may be able to do. */
  readonly declares?: () => JsonObject;
  /** Every connection that the principal may have is busy with calls that may ask its client, for 5 s now. */
  readonly onCrowded?: () => void;
}

/** What a server offers: all pages, in the server's order, without what no client could use. Immutable. */
export interface ServerLists {
  /** Grows with every change. */
  readonly version: number;
  /** The server is gone since; this is what it last said. */
  readonly isStale: boolean;
  readonly tools: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly resourceTemplates: readonly JsonObject[];
}

export type ServerStatus = 'connecting' | 'ready' | 'degraded' | 'failed' | 'stopped';

export interface ServerState {
  readonly name: string;
  readonly status: ServerStatus;
  /** Wall clock, when the status began. */
  readonly sinceMs: number;
  readonly pid: number | undefined;
  readonly profile: ServerProfile | undefined;
  /** Isolation in effect, and why. */
  readonly isolation: { readonly effective: 'shared' | 'per-principal' | 'per-session'; readonly reason: string };
  readonly connections: number;
  readonly restarts: number;
  /** For operators: what went wrong last. */
  readonly lastError: string | undefined;
  readonly stderrTail: string;
  readonly warnings: readonly string[];
  readonly counts: { readonly tools: number; readonly prompts: number; readonly resources: number; readonly resourceTemplates: number };
  readonly handshakeMs: number | undefined;
  /** What calls are told at once while there is no connection and none is waited for: it failed, or keeps ending. */
  readonly refusal?: Fault | undefined;
}

/** Whose connection said something: undefined members where it is shared more widely. */
export interface ConnectionOwner {
  readonly server: string;
  readonly upstream: Upstream;
  readonly principalId: string | undefined;
  readonly sessionId: string | undefined;
}

/** What servers tell without being asked. */
export interface UpstreamsEvents {
  /** Definitions really changed. */
  listChanged(server: string, kind: ListKind): void;
  /** The server said that a list changed, and it was read again; the definitions may be what they were. */
  listAnnounced?(server: string, kind: ListKind): void;
  stateChanged(server: string): void;
  resourceUpdated(owner: ConnectionOwner, params: JsonObject): void;
  /** Other notifications and log messages that belong to no request. */
  notified(owner: ConnectionOwner, method: string, params: JsonObject): void;
  /** A legacy server asks outside any call. Returns false when nobody can answer: the pool then refuses. */
  asked(owner: ConnectionOwner, request: ServerRequest): boolean;
}

export interface Upstreams {
  /** Starts new servers, replaces changed ones (their calls in flight finish), stops those that left; nothing once `close` was called. */
  apply(servers: ReadonlyMap<string, ServerSpec>): void;
  /** The connection where it is up; Map lookups only. */
  find(server: string, lease: Lease): Upstream | undefined;
  /** Waits for a server that is starting. Rejects with `upstream.unavailable`, at once where it failed, or `limit.overloaded`, where the principal's calls were too many for as long as a call may take. */
  acquire(server: string, lease: Lease): Promise<Upstream>;
  /** After so many milliseconds something that only reads may be sent to the server again, for the `attempt`th time (0: new); undefined: it may not. */
  retryDelayMs?(server: string, attempt: number): number | undefined;
  /** Somebody signed in to the server (`isGiven`) or withdrew that; `principalId` undefined: for all who use it. */
  grantChanged?(server: string, principalId: string | undefined, isGiven: boolean): void;
  /** A client's session ended: its own connections end. */
  release(sessionId: string): void;
  /** A notification of a client, for the connections that are its session's alone. */
  notifySession(sessionId: string, method: string, params: JsonObject): void;
  profile(server: string): ServerProfile | undefined;
  lists(server: string): ServerLists | undefined;
  state(server: string): ServerState | undefined;
  states(): readonly ServerState[];
  /** Resolves when every server is connected or failed, after `timeoutMs` at the latest. */
  settled(timeoutMs: number): Promise<void>;
  restart(server: string): Promise<void>;
  resync(server: string): Promise<void>;
  /** Takes a server out for a drill. Resolves once it is out. */
  takeOut?(server: string, forMs: number): Promise<void>;
  close(): Promise<void>;
}
