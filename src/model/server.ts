/** A server: how to reach or start one MCP server, compiled from its configuration. */
import type { BuiltinServer } from './builtin-server.ts';
import type { ContainerSpec, Placement } from './container.ts';
import type { ServerAuth } from './server-auth.ts';

export const SERVER_TYPES = ['stdio', 'http', 'sse', 'openapi', 'template', 'orchestrator', 'workflows'] as const;
export type ServerType = (typeof SERVER_TYPES)[number];
/** Types that start processes: only who may define processes defines them. */
export const PROCESS_TYPES: ReadonlySet<ServerType | undefined> = new Set<ServerType | undefined>(['stdio', 'template', 'orchestrator']);

/** Which family to speak to the server; `auto` finds out and remembers. */
export const SERVER_REVISIONS = ['auto', 'legacy', 'modern'] as const;
export type ServerRevision = (typeof SERVER_REVISIONS)[number];

/**
 * Who shares one connection to the server.
 * `auto`: modern servers `shared` (they keep nothing between requests); legacy ones `per-session` for client sessions
 * that declared sampling, elicitation or roots, else `per-principal`. Such sessions also get a connection of their own
 * to a modern server that knows `initialize` as well.
 */
export const ISOLATIONS = ['auto', 'shared', 'per-principal', 'per-session'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** Values may still hold `${NAME}`: they are resolved when a connection is opened. */
export interface ServerSpec {
  readonly name: string;
  readonly type: ServerType;
  /** Digest of everything a connection depends on; another one means the connections must be replaced. */
  readonly fingerprint: string;
  /** stdio: an absolute path where the command could be found, else as written. */
  readonly command: string;
  readonly args: readonly string[];
  /** stdio: hash of what it is started from; where that is another, it is not started. */
  readonly integrity?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Further names of the gateway's environment that a stdio server inherits. */
  readonly inheritEnv: readonly string[];
  /** stdio: where it runs; undefined: a process of each gateway. */
  readonly placement?: Exclude<Placement, 'every'> | undefined;
  /** stdio, placed in a container. */
  readonly container?: ContainerSpec | undefined;
  /** http, sse. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** http, sse: the HTTP proxy through which it is reached, credentials in the address. */
  readonly proxy?: string | undefined;
  /** http, sse: how we prove ourselves where a fixed header does not do; undefined: with `headers` alone. */
  readonly auth?: ServerAuth | undefined;
  /** http, sse: headers of a client's request that go on to the server, lower case, by the name there. */
  readonly forwardHeaders?: Readonly<Record<string, string>>;
  /** http, sse: headers made of the principal of each call, `${principal:NAME}` still in them. */
  readonly principalHeaders?: Readonly<Record<string, string>>;
  /** openapi, template, orchestrator, workflows. */
  readonly builtin?: BuiltinServer | undefined;
  readonly revision: ServerRevision;
  readonly isolation: Isolation;
  /** Connections kept initialised in reserve. */
  readonly idleConnections: number;
  /** Time for a start with handshake, milliseconds. */
  readonly startTimeoutMs: number;
  /** Time for one call in all, also while progress comes, milliseconds. */
  readonly callTimeoutMs: number;
  /** A connection of one principal or session is closed after so long without use, milliseconds. */
  readonly idleTimeoutMs: number;
  /** Answers above this are refused, bytes. */
  readonly resultBytesMax: number;
  /** Readiness of the gateway waits for it. */
  readonly isRequired: boolean;
  /** Id of the principal it is private to. Nothing of the gateway's environment is resolved for such a server. */
  readonly owner?: string | undefined;
  readonly description: string;
  /** What its tools say of themselves counts. */
  readonly trustsAnnotations?: boolean;
  /** What may be made twice without harm waits for it while it is away, until its own deadline. */
  readonly waitsForRecovery?: boolean;
  readonly tags?: readonly string[];
}
