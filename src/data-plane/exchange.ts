/**
 * One exchange — a client's request and all of its answer — at each point of its path.
 *
 * Each stage takes one of these types and returns the next, so the compiler knows the order: what holds an
 * `Admitted` has been identified, decoded, resolved and allowed. A stage adds its members to the same object.
 */
import type { HttpRequest } from '../base/http.ts';
import type { UnderWay } from '../audit/journal.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { Decision } from '../model/policy.ts';
import type { Principal } from '../model/principal.ts';
import type { RawObject } from '../protocol/envelope.ts';
import type { JsonObject, RequestId, Revision } from '../protocol/messages.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Entry } from './catalog.ts';
import type { Reply } from './reply.ts';
import type { Session } from './session.ts';

/** What the address asks for. */
export type Door = 'mcp' | 'sse' | 'message' | 'catalog.json' | 'api';

export interface Received {
  readonly correlationId: string;
  readonly http: HttpRequest;
  readonly door: Door;
  readonly query: string;
  readonly endpoint: EndpointSpec;
  readonly snapshot: Snapshot;
  readonly startedMs: number;
  /** Wall clock, milliseconds: what policies decide on. */
  readonly atMs: number;
  /** W3C trace id, where one was given or begun. */
  readonly traceId?: string | undefined;
}

export interface Identified extends Received {
  readonly principal: Principal;
}

/** Who asks, in which revision, and what that client can do: from the session (legacy) or from `_meta` (modern). */
export interface ClientContext {
  readonly revision: Revision;
  readonly capabilities: JsonObject;
  readonly info: JsonObject | undefined;
  /** Level of log messages wanted, undefined = none. */
  readonly logLevel: string | undefined;
  readonly session: Session | undefined;
}

/** What an exchange carries of its record. Monotonic milliseconds. */
export interface Recording extends UnderWay {
  readonly decodedMs: number;
  readonly sentMs: number | undefined;
  answeredMs: number | undefined;
  /** It went to its server. */
  readonly isBegun: boolean;
  begin(): Promise<void> | undefined;
}

/** One request message. `params` are parsed; the envelope is gone. */
export interface Decoded extends Identified {
  readonly client: ClientContext;
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  /** The params as they came. */
  readonly rawParams?: RawObject | undefined;
  /** What the record knows of it so far. */
  recording?: Recording | undefined;
  readonly progressToken: string | number | undefined;
  /** Headers `Mcp-Param-*` as they came, by lower-case name. */
  readonly paramHeaders: Readonly<Record<string, string>>;
  readonly reply: Reply;
  /** The tool of ours, or the group, through which the client came to the tool that is called; undefined where it named it. */
  readonly via?: string | undefined;
}

/** What a routed request means at the server it goes to. */
export interface Target {
  readonly server: string;
  /** Under which name the namespace has the server. */
  readonly as: string;
  /** Own name or URI; empty for requests about none. */
  readonly own: string;
  /** Undefined where a server reads what it does not list. */
  readonly entry: Entry | undefined;
}

export interface Resolved extends Decoded {
  readonly target: Target;
  /** Params with own names in place. */
  readonly upstreamParams: JsonObject;
  /** The last answer of policy; undefined before `admit`. */
  readonly decision?: Decision | undefined;
  /** Of a person's approval of exactly this call. */
  readonly approvalId?: string | undefined;
  /** That a person approved the call; undefined where none had to, or before it was found. */
  readonly approval?: Approval | undefined;
}

/** Without an id: a further round of a call that was approved and is under way. */
export interface Approval {
  readonly id: string | undefined;
}

declare const admitted: unique symbol;
/** Only `admit` makes one. */
export type Admitted = Resolved & { readonly [admitted]: true };
