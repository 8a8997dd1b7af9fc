/** The live side as the control plane sees it: the upstreams' states in the contract's words, and operations on them. */
import { toIso } from '../base/clock.ts';
import { type Fault, toFault } from '../base/fault.ts';
import type { ServerState as ContractState } from '../contract/servers.ts';
import type { DirectCallOutcome, LiveServers } from '../control-plane/live-servers.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Lease, ServerState, Upstreams } from '../upstream/upstreams.ts';

const OPERATOR_LEASE: Lease = { principalId: 'operator', sessionId: undefined, wantsInteraction: false, family: 'modern' };

/** What of it only the data plane knows. */
type Shown = Pick<LiveServers, 'collisions' | 'catalog'>;

export function createLiveServers(upstreams: Upstreams, snapshot: () => Snapshot, { collisions, catalog }: Shown): LiveServers {
  return {
    collisions,
    catalog,
    lists: (name) => upstreams.lists(name),
    states: () => [...snapshot().servers.values()].map(({ name, type }) => toContract(upstreams.state(name), name, type)),
    restart: (name) => upstreams.restart(name),
    takeOut: async (name, forMs) => upstreams.takeOut?.(name, forMs),
    resync: (name) => upstreams.resync(name),
    call: (name, tool, args) => call(upstreams, { name, tool, args, timeoutMs: snapshot().servers.get(name)?.callTimeoutMs ?? 60_000 }),
  };
}

/** Before its first connection nothing is known of a server. */
const NOT_STARTED: ServerState = {
  name: '',
  status: 'connecting',
  sinceMs: 0,
  pid: undefined,
  profile: undefined,
  isolation: { effective: 'shared', reason: 'not started' },
  connections: 0,
  restarts: 0,
  lastError: undefined,
  stderrTail: '',
  warnings: [],
  counts: { tools: 0, prompts: 0, resources: 0, resourceTemplates: 0 },
  handshakeMs: undefined,
};

function toContract(known: ServerState | undefined, name: string, type: ContractState['type']): ContractState {
  const { profile, counts, sinceMs, ...state } = known ?? NOT_STARTED;
  const offered = profile === undefined ? { tools: null, prompts: null, resources: null } : { tools: counts.tools, prompts: counts.prompts, resources: counts.resources };
  return {
    ...state,
    ...offered,
    name,
    type,
    since: toIso(sinceMs),
    pid: state.pid ?? null,
    family: profile?.family ?? null,
    revision: profile?.revision ?? null,
    lastError: state.lastError ?? null,
    warnings: [...state.warnings],
    handshakeMs: state.handshakeMs ?? null,
  };
}

interface DirectCall {
  readonly name: string;
  readonly tool: string;
  readonly args: JsonObject;
  readonly timeoutMs: number;
}

async function call(upstreams: Upstreams, { name, tool, args, timeoutMs }: DirectCall): Promise<DirectCallOutcome> {
  try {
    const upstream = upstreams.find(name, OPERATOR_LEASE) ?? (await upstreams.acquire(name, OPERATOR_LEASE));
    const outcome = await new Promise<Outcome>((resolve) => {
      upstream.send(
        { method: 'tools/call', params: { name: tool, arguments: args }, progressToken: undefined, clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, headers: {}, timeoutMs },
        { end: resolve, notify: () => undefined, ask: (request) => request.refuse({ code: -32601, message: 'Method not found' }) },
      );
    });
    if (outcome.kind === 'result') return { result: outcome.result.value };
    if (outcome.kind === 'error') return { error: { code: outcome.error.code, message: outcome.error.message, failedAt: 'server' } };
    return { error: toError(outcome.fault) };
  } catch (thrown) {
    return { error: toError(toFault(thrown)) };
  }
}

function toError(fault: Fault): NonNullable<DirectCallOutcome['error']> {
  return { code: fault.rpc, message: fault.detail ?? fault.message, failedAt: fault.failedAt };
}
