/**
 * Faults: every way the gateway refuses or fails, as one closed list.
 *
 * A fault speaks with two voices. `message` goes to the client, so it is safe to show
 * to anyone and never says whether a hidden thing exists. `detail` goes to the log and
 * may name hosts, files and what an upstream said.
 *
 * Code that tells faults apart switches on `code`, never on text. To add a code, add a
 * row here and a section in docs/failure-modes.md; a test compares the two lists.
 */

/** What is known of the side effect when a fault ends a call. */
export type Effect = 'not_executed' | 'unknown' | 'executed';
/** The hop at which a fault arose. */
export type Hop = 'client' | 'auth' | 'policy' | 'routing' | 'server' | 'tool' | 'gateway';

interface FaultKind {
  /** HTTP status where the fault is known before dispatch. */
  readonly http: number;
  /** JSON-RPC error code; ours lie at -31001 to -31099, outside every reserved range. */
  readonly rpc: number;
  readonly message: string;
  readonly effect: Effect;
  readonly failedAt: Hop;
  readonly isRetryable?: true;
}

// biome-ignore format: one row a fault reads as the table it is.
export const FAULTS = {
  // The request itself: HTTP, JSON, JSON-RPC, MCP headers.
  'request.origin_refused': { http: 403, rpc: -32600, message: 'This origin is not allowed.', effect: 'not_executed', failedAt: 'client' },
  'request.host_refused': { http: 403, rpc: -32600, message: 'This host is not allowed: add it to METAMCP_PUBLIC_URL or --allowed-host.', effect: 'not_executed', failedAt: 'client' },
  'request.duplicate_header': { http: 400, rpc: -32600, message: 'A header that may occur once occurs twice.', effect: 'not_executed', failedAt: 'client' },
  'request.method_not_allowed': { http: 405, rpc: -32600, message: 'This HTTP method is not allowed here.', effect: 'not_executed', failedAt: 'client' },
  'request.not_found': { http: 404, rpc: -32600, message: 'There is nothing at this address.', effect: 'not_executed', failedAt: 'client' },
  'request.conflict': { http: 409, rpc: -32600, message: 'This collides with what is already there.', effect: 'not_executed', failedAt: 'client' },
  'request.precondition_failed': { http: 412, rpc: -32600, message: 'It was changed since you read it: read it again.', effect: 'not_executed', failedAt: 'client' },
  'request.media_type': { http: 415, rpc: -32600, message: 'Send application/json, uncompressed.', effect: 'not_executed', failedAt: 'client' },
  'request.not_acceptable': { http: 406, rpc: -32600, message: 'Accept must list application/json and text/event-stream.', effect: 'not_executed', failedAt: 'client' },
  'request.too_large': { http: 413, rpc: -32600, message: 'The request body is too large.', effect: 'not_executed', failedAt: 'client' },
  'request.timeout': { http: 408, rpc: -32600, message: 'The request body did not arrive in time.', effect: 'not_executed', failedAt: 'client' },
  'request.parse': { http: 400, rpc: -32700, message: 'The body is not valid JSON in UTF-8.', effect: 'not_executed', failedAt: 'client' },
  'request.json_too_complex': { http: 400, rpc: -32600, message: 'The JSON is nested too deeply or has too many parts.', effect: 'not_executed', failedAt: 'client' },
  'request.invalid': { http: 400, rpc: -32600, message: 'This is not a valid JSON-RPC message here.', effect: 'not_executed', failedAt: 'client' },
  'request.params_invalid': { http: 400, rpc: -32602, message: 'The parameters are not valid.', effect: 'not_executed', failedAt: 'client' },
  'request.method_unknown': { http: 404, rpc: -32601, message: 'Method not found', effect: 'not_executed', failedAt: 'client' },
  'request.header_mismatch': { http: 400, rpc: -32020, message: 'An MCP header is missing or differs from the body.', effect: 'not_executed', failedAt: 'client' },
  'request.capability_missing': { http: 400, rpc: -32021, message: 'The client did not declare a capability that this needs.', effect: 'not_executed', failedAt: 'client' },
  'request.revision_unsupported': { http: 400, rpc: -32022, message: 'Unsupported protocol version', effect: 'not_executed', failedAt: 'client' },
  'request.session_missing': { http: 400, rpc: -32600, message: 'Mcp-Session-Id is required.', effect: 'not_executed', failedAt: 'client' },
  'request.session_unknown': { http: 404, rpc: -32600, message: 'Session not found', effect: 'not_executed', failedAt: 'client' },
  'request.cancelled': { http: 200, rpc: -32600, message: 'The client cancelled the request.', effect: 'unknown', failedAt: 'client' },
  // Who asks.
  'auth.credential_missing': { http: 401, rpc: -32600, message: 'Authentication is required.', effect: 'not_executed', failedAt: 'auth' },
  'auth.credential_invalid': { http: 401, rpc: -32600, message: 'The credential is not valid here.', effect: 'not_executed', failedAt: 'auth' },
  'auth.credential_in_query': { http: 400, rpc: -32600, message: 'Credentials in the address are not accepted here; use a header.', effect: 'not_executed', failedAt: 'auth' },
  'auth.scope_missing': { http: 403, rpc: -32600, message: 'This credential does not reach that far.', effect: 'not_executed', failedAt: 'auth' },
  'auth.issuer_unavailable': { http: 503, rpc: -32600, message: 'The issuer of this credential cannot be asked; try again shortly.', effect: 'not_executed', failedAt: 'auth', isRetryable: true },
  'auth.reauthentication_needed': { http: 403, rpc: -32600, message: 'Confirm who you are, then try again.', effect: 'not_executed', failedAt: 'auth' },
  // What is asked for.
  'routing.unknown': { http: 200, rpc: -32602, message: 'Unknown tool, prompt or resource', effect: 'not_executed', failedAt: 'routing' },
  'policy.denied': { http: 200, rpc: -31007, message: 'This call is not allowed.', effect: 'not_executed', failedAt: 'policy' },
  'policy.quarantined': { http: 200, rpc: -31009, message: 'The definition changed and waits for approval.', effect: 'not_executed', failedAt: 'policy' },
  'policy.approval_needed': { http: 200, rpc: -31010, message: 'A person must approve this call first.', effect: 'not_executed', failedAt: 'policy' },
  'limit.rate_exceeded': { http: 429, rpc: -31008, message: 'Too many requests.', effect: 'not_executed', failedAt: 'policy', isRetryable: true },
  'limit.overloaded': { http: 503, rpc: -31006, message: 'The gateway is busy; try again shortly.', effect: 'not_executed', failedAt: 'gateway', isRetryable: true },
  'gateway.audit_unavailable': { http: 503, rpc: -31011, message: 'The call cannot be recorded, so it is not made.', effect: 'not_executed', failedAt: 'gateway', isRetryable: true },
  'gateway.stopping': { http: 503, rpc: -31012, message: 'The gateway is stopping.', effect: 'not_executed', failedAt: 'gateway', isRetryable: true },
  'gateway.replica_unreachable': { http: 503, rpc: -31015, message: 'The gateway that has this session cannot be reached now; try again shortly.', effect: 'not_executed', failedAt: 'gateway', isRetryable: true },
  'gateway.replica_lost': { http: 502, rpc: -31016, message: 'The gateway that had this request ended before it answered.', effect: 'unknown', failedAt: 'gateway' },
  'gateway.bug': { http: 500, rpc: -32603, message: 'Internal error', effect: 'unknown', failedAt: 'gateway' },
  // The server behind us. Known after the request was accepted, so HTTP says 200.
  'upstream.unavailable': { http: 200, rpc: -31001, message: 'The MCP server is not available.', effect: 'not_executed', failedAt: 'server', isRetryable: true },
  'upstream.timeout': { http: 200, rpc: -31002, message: 'The MCP server did not answer in time.', effect: 'unknown', failedAt: 'server' },
  'upstream.closed': { http: 200, rpc: -31003, message: 'The connection to the MCP server ended before it answered.', effect: 'unknown', failedAt: 'server' },
  'upstream.protocol_error': { http: 200, rpc: -31004, message: 'The MCP server broke the protocol.', effect: 'unknown', failedAt: 'server' },
  'upstream.too_large': { http: 200, rpc: -31005, message: 'The answer of the MCP server is too large.', effect: 'executed', failedAt: 'server' },
  'upstream.grant_needed': { http: 200, rpc: -31013, message: 'The MCP server needs you to sign in.', effect: 'not_executed', failedAt: 'server' },
  // Set-up: never seen by an MCP client.
  'config.invalid': { http: 400, rpc: -32603, message: 'The configuration is not valid.', effect: 'not_executed', failedAt: 'gateway' },
  'config.value_missing': { http: 200, rpc: -31001, message: 'The MCP server is not available.', effect: 'not_executed', failedAt: 'server' },
  'egress.refused': { http: 200, rpc: -31001, message: 'The MCP server is not available.', effect: 'not_executed', failedAt: 'server' },
  'storage.locked': { http: 500, rpc: -32603, message: 'Another gateway uses this data folder.', effect: 'not_executed', failedAt: 'gateway' },
  'storage.schema_newer': { http: 500, rpc: -32603, message: 'The database was written by a newer MetaMCP.', effect: 'not_executed', failedAt: 'gateway' },
  'storage.secret_unreadable': { http: 500, rpc: -32603, message: 'Stored secrets cannot be read with the instance key of this data folder.', effect: 'not_executed', failedAt: 'gateway' },
  'storage.record_broken': { http: 500, rpc: -32603, message: 'The record of requests is not intact.', effect: 'not_executed', failedAt: 'gateway' },
  'storage.unavailable': { http: 503, rpc: -31014, message: 'The database does not answer.', effect: 'unknown', failedAt: 'gateway', isRetryable: true },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof FAULTS;

export interface FaultOptions {
  /** For the log only. */
  readonly detail?: string;
  /** A short machine word that narrows the code, safe for anyone, e.g. `upstream_tls`. */
  readonly reason?: string;
  /** The server the fault arose at, by its configured name. Shown only to who may see that server. */
  readonly server?: string;
  /** Replaces the message of the list where that stays safe for anyone (it must not quote an upstream). */
  readonly message?: string;
  readonly effect?: Effect;
  readonly retryAfterSeconds?: number;
  /** Protocol-defined `data` (e.g. `supported` of -32022), merged into the answer's `data`. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly detail: string | undefined;
  readonly reason: string | undefined;
  readonly server: string | undefined;
  readonly effect: Effect;
  readonly retryAfterSeconds: number | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(code: FaultCode, options: FaultOptions = {}) {
    super(options.message ?? FAULTS[code].message, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.reason = options.reason;
    this.server = options.server;
    this.effect = options.effect ?? FAULTS[code].effect;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.data = options.data;
  }

  get http(): number {
    return FAULTS[this.code].http;
  }

  get rpc(): number {
    return FAULTS[this.code].rpc;
  }

  get failedAt(): Hop {
    return FAULTS[this.code].failedAt;
  }

  get isRetryable(): boolean {
    return 'isRetryable' in FAULTS[this.code];
  }
}

/** Whatever was thrown, as a fault: ours unchanged, anything else as a bug of the gateway. */
export function toFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new Fault('gateway.bug', { detail, cause: thrown });
}
