/**
 * Stage 9: to the server and back. Between families it bridges what the other side does not have: a legacy client is
 * asked over its session and the modern server's request repeated with the answers (the loop); a modern client gets
 * `input_required` while the legacy server's call waits (parking). Specification 2026-07-28, basic/patterns/mrtr.
 */
import { Fault, toFault } from '../base/fault.ts';
import { isObject, type JsonObject, MODERN_REVISION } from '../protocol/messages.ts';
import { HOPS_HEADER, readHops } from '../upstream/dialer/hops.ts';
import type { Lease, Upstreams } from '../upstream/upstreams.ts';
import type { Call, CallEvents, Outcome, Upstream } from '../upstream/upstream.ts';
import { missingCapability, wantsInteraction } from './capabilities.ts';
import type { Admitted } from './exchange.ts';
import type { Parking } from './parking.ts';
import { RoutedCall, type RoutedCallDeps } from './routed-call.ts';

const ROUNDS_MAX = 16;

export interface DispatchDeps extends RoutedCallDeps {
  readonly upstreams: Upstreams;
  readonly parking: Parking;
}

export function leaseOf(exchange: Pick<Admitted, 'client' | 'principal'>): Lease {
  const { client, principal } = exchange;
  return {
    principalId: principal.id,
    sessionId: client.session?.label,
    wantsInteraction: wantsInteraction(client.capabilities),
    family: client.revision === MODERN_REVISION ? 'modern' : 'legacy',
  };
}

/** Never throws: whatever happens is an outcome. */
export async function dispatch(admitted: Admitted, deps: DispatchDeps): Promise<Outcome> {
  try {
    const resumed = deps.parking.resume(admitted);
    if (resumed.kind === 'call') return await followed(resumed.call, admitted, undefined);
    const lease = leaseOf(admitted);
    const upstream = deps.upstreams.find(admitted.target.server, lease) ?? (await deps.upstreams.acquire(admitted.target.server, lease));
    if (admitted.client.session === undefined && admitted.reply.isGone) throw new Fault('request.cancelled', { effect: 'not_executed' });
    const outcome = await roundTrips(admitted, resumed.params, upstream, deps);
    return admitted.client.session === undefined ? deps.parking.forModern(admitted, outcome) : outcome;
  } catch (thrown) {
    return { kind: 'fault', fault: toFault(thrown) };
  }
}

/** One round, or as many as a modern server needs to ask a legacy client. */
async function roundTrips(admitted: Admitted, params: JsonObject, upstream: Upstream, deps: DispatchDeps): Promise<Outcome> {
  const call = new RoutedCall(admitted, deps);
  let roundParams = params;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const outcome = await followed(call, admitted, (events) => send(admitted, roundParams, upstream, events));
    if (admitted.client.session === undefined || outcome.kind !== 'result' || outcome.result.member('resultType') !== '"input_required"') return outcome;
    roundParams = { ...params, ...(await askedOfClient(admitted, outcome.result.value)) };
  }
  throw new Fault('upstream.protocol_error', { server: admitted.target.as, reason: 'too_many_rounds' });
}

/** Runs the call so that the client can cancel it: by request id in a session, by closing the response otherwise. */
async function followed(call: RoutedCall, admitted: Admitted, start: ((events: CallEvents) => Call) | undefined): Promise<Outcome> {
  const { session } = admitted.client;
  if (session === undefined) {
    admitted.reply.onGone = () => call.cancel('the client closed the response');
    return call.run(admitted, start);
  }
  session.inFlight.add(admitted.id, call);
  try {
    return await call.run(admitted, start);
  } finally {
    session.inFlight.remove(call);
  }
}

function send(admitted: Admitted, params: JsonObject, upstream: Upstream, events: CallEvents): Call {
  const { client, snapshot, target } = admitted;
  return upstream.send(
    {
      method: admitted.method,
      params: upstream.profile.family === 'modern' ? params : withoutRounds(params),
      progressToken: admitted.progressToken,
      clientCapabilities: client.capabilities,
      clientInfo: client.info,
      logLevel: client.session?.logLevel ?? client.logLevel,
      headers: withHops(admitted),
      timeoutMs: snapshot.servers.get(target.server)?.callTimeoutMs ?? 60_000,
    },
    events,
  );
}

/** A request that came through gateways says so to the next one; the link counts the first hop by itself. */
function withHops({ http, paramHeaders }: Admitted): Readonly<Record<string, string>> {
  const hops = http.headers[HOPS_HEADER];
  return hops === undefined ? paramHeaders : { ...paramHeaders, [HOPS_HEADER]: String(readHops(String(hops)) + 1) };
}

/** Legacy servers know no rounds. */
function withoutRounds(params: JsonObject): JsonObject {
  if (params['inputResponses'] === undefined && params['requestState'] === undefined) return params;
  const { inputResponses: _, requestState: __, ...rest } = params;
  return rest;
}

/** The loop: asks the legacy client for everything that the server wants and returns what the next round carries. */
async function askedOfClient(admitted: Admitted, result: JsonObject): Promise<JsonObject> {
  const requests = isObject(result['inputRequests']) ? Object.entries(result['inputRequests']) : [];
  const responses: Record<string, JsonObject> = {};
  await Promise.all(
    requests.map(async ([key, request]) => {
      if (!isObject(request) || typeof request['method'] !== 'string') throw new Fault('upstream.protocol_error', { server: admitted.target.as, reason: 'bad_input_request' });
      responses[key] = await askOne(admitted, request['method'], isObject(request['params']) ? request['params'] : {});
    }),
  );
  const state = result['requestState'];
  return { ...(requests.length > 0 ? { inputResponses: responses } : {}), ...(state === undefined ? {} : { requestState: state }) };
}

async function askOne(admitted: Admitted, method: string, params: JsonObject): Promise<JsonObject> {
  const { client, reply } = admitted;
  const isUrl = method === 'elicitation/create' && params['mode'] === 'url';
  const missing = missingCapability(method, params, client);
  if (missing !== undefined && method === 'elicitation/create') return { action: 'decline' };
  if (missing !== undefined || client.session === undefined) throw new Fault('request.capability_missing', { data: { requiredCapabilities: missing } });
  const asked = isUrl && params['elicitationId'] === undefined ? { ...params, elicitationId: `metamcp-${admitted.correlationId}` } : params;
  const { answer } = client.session.ask(method, asked, (message) => reply.send(message) || client.session?.main?.send(message) === true);
  const settled = await answer;
  if (settled.kind === 'result') return settled.result;
  if (method === 'elicitation/create') return { action: 'cancel' };
  throw new Fault('request.cancelled', { message: 'The client could not answer what the server asked.', detail: settled.error.message });
}
