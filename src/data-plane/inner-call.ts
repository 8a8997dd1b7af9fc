/** A tool call that the gateway makes for somebody: by the one path, as that principal, with nothing of HTTP to it. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Fault } from '../base/fault.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import { type Principal, userPrincipalId } from '../model/principal.ts';
import { isObject, type JsonObject, MODERN_REVISION, type Revision } from '../protocol/messages.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Decoded } from './exchange.ts';
import { type MessageText, type Reply, wholeText } from './reply.ts';

export interface InnerCall {
  readonly principal: Principal;
  readonly endpoint: string;
  /** As the endpoint exposes it. */
  readonly tool: string;
  readonly args: JsonObject;
  readonly meta: JsonObject;
  readonly signal: AbortSignal;
}

export type InnerOutcome =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | {
      readonly kind: 'error';
      readonly message: string;
      readonly effect: 'not_executed' | 'unknown' | 'executed';
      readonly isRetryable: boolean;
      /** Id of the approval that a person must give first. */
      readonly approval?: string | undefined;
    };

export interface InnerCallDeps {
  readonly snapshot: () => Snapshot;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly newCorrelationId: () => string;
  readonly serve: (decoded: Decoded) => Promise<void>;
}

/** Never rejects. A principal whose credential is gone is refused. */
export async function makeInnerCall({ principal, endpoint: name, tool, args, meta, signal }: InnerCall, deps: InnerCallDeps): Promise<InnerOutcome> {
  const snapshot = deps.snapshot();
  const endpoint = snapshot.endpoints.get(name);
  if (endpoint === undefined || !mayStillUse(principal, endpoint, { snapshot, nowMs: deps.wallMs() })) return { kind: 'error', message: 'Unknown tool, prompt or resource', effect: 'not_executed', isRetryable: false };
  const reply = new InnerReply();
  const cancel = (): void => reply.leave();
  signal.addEventListener('abort', cancel, { once: true });
  const decoded: Decoded = {
    correlationId: deps.newCorrelationId(),
    http: new IncomingMessage(new Socket()),
    door: 'api',
    query: '',
    endpoint,
    snapshot,
    startedMs: deps.nowMs(),
    atMs: deps.wallMs(),
    principal,
    client: { revision: MODERN_REVISION as Revision, capabilities: {}, info: { name: 'metamcp-workflow', version: '1' }, logLevel: undefined, session: undefined },
    id: 1,
    method: 'tools/call',
    params: { name: tool, arguments: args, _meta: meta },
    progressToken: undefined,
    paramHeaders: {},
    reply,
  };
  try {
    void deps.serve(decoded).catch(() => reply.fail());
    return toOutcome(await reply.answer);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function toOutcome(text: string): InnerOutcome {
  const { result, error } = JSON.parse(text) as { readonly result?: JsonObject; readonly error?: { readonly message: string; readonly data?: unknown } };
  if (result !== undefined) return { kind: 'result', result };
  const data = isObject(error?.data) ? error.data : {};
  const effect = data['outcome'] === 'not_executed' || data['outcome'] === 'executed' ? data['outcome'] : data['source'] === 'gateway' ? 'unknown' : 'executed';
  return { kind: 'error', message: error?.message ?? 'Internal error', effect, isRetryable: data['retryable'] === true, ...(data['reason'] === 'approval_pending' && typeof data['approval'] === 'string' ? { approval: data['approval'] } : {}) };
}

/** Whether the door would open for them now: rights may have gone while a run waited, and no workflow opens more than a request would. */
function mayStillUse(principal: Principal, { auth, owner, name }: EndpointSpec, { snapshot, nowMs }: { readonly snapshot: Snapshot; readonly nowMs: number }): boolean {
  if (principal.kind === 'operator' || (!auth.apiKey && !auth.oauth)) return true;
  if (principal.kind === 'key') return auth.apiKey && [...snapshot.keys.values()].some((key) => key.id === principal.credentialId && (key.expiresAtMs === undefined || key.expiresAtMs > nowMs) && (key.endpoints.includes('*') || key.endpoints.includes(name)));
  if (principal.kind !== 'user') return false;
  if (owner !== undefined) return principal.id === owner || principal.id === userPrincipalId(owner);
  // Who administers public endpoints can make a key for each of them at any time.
  if (principal.roles?.some((role) => role === 'operator' || role === 'admin') === true) return true;
  const groups = auth.signIn?.groups ?? [];
  return auth.oauth && (groups.length === 0 || groups.some((group) => principal.groups?.includes(group) === true));
}

class InnerReply implements Reply {
  readonly answer: Promise<string>;
  #settle: (text: string) => void = () => undefined;
  #isGone = false;
  onGone: () => void = () => undefined;

  constructor() {
    this.answer = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  send(): boolean {
    return false;
  }

  end(message: MessageText): void {
    this.#settle(wholeText(message));
  }

  leave(): void {
    this.#isGone = true;
    this.onGone();
  }

  fail(): void {
    this.#settle(JSON.stringify({ error: { message: new Fault('gateway.bug').message, data: { source: 'gateway', outcome: 'unknown' } } }));
  }
}
