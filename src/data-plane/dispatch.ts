/**
 * Stage 9: to the server and back. Between families it bridges what the other side does not have: a legacy client is
 * asked over its session and the modern server's request repeated with the answers (the loop); a modern client gets
 * `input_required` while the legacy server's call waits (parking). Specification 2026-07-28, basic/patterns/mrtr.
 */
import { Fault, toFault } from '../base/fault.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject, MODERN_REVISION } from '../protocol/messages.ts';
import { HOPS_HEADER, readHops } from '../upstream/dialer/hops.ts';
import type { Lease, Upstreams } from '../upstream/upstreams.ts';
import type { Call, CallEvents, Outcome, Upstream } from '../upstream/upstream.ts';
import { awaitRecovery, mayWait } from './await-recovery.ts';
import { declaredToLegacy, declaredToModern, missingCapability, wantsInteraction } from './capabilities.ts';
import type { Bulkheads } from './bulkheads.ts';
import type { Admitted } from './exchange.ts';
import { withForwarded } from './forwarded-headers.ts';
import type { Parking } from './parking.ts';
import { RoutedCall, type RoutedCallDeps } from './routed-call.ts';
import { isRead, readAgain } from './read-again.ts';
import { markedForm } from './secret-forms.ts';
import { viewerOf } from './task-ids.ts';

const ROUNDS_MAX = 16;
const HEADER_MISMATCH = -32020;
/** `tasks/result` (2025-11-25) waits for the end of a task, whose time is the server's affair. */
const TASK_RESULT_MS = 60 * 60_000;

export interface DispatchDeps extends RoutedCallDeps {
  readonly upstreams: Upstreams;
  readonly parking: Parking;
  /** Undefined: calls are bounded elsewhere, or not at all. */
  readonly bulkheads?: Pick<Bulkheads, 'enter' | 'leave'>;
}

export function leaseOf({ client, principal }: Pick<Admitted, 'client' | 'principal'>): Lease {
  const isModern = client.revision === MODERN_REVISION;
  return {
    principalId: principal.id,
    sessionId: client.session?.label,
    // What a modern client can do, it says with each request; a connection must be ready for all of it.
    wantsInteraction: isModern || wantsInteraction(client.capabilities),
    family: isModern ? 'modern' : 'legacy',
    declares: () => declaredToLegacy(client),
  };
}

/** Never throws: whatever happens is an outcome. */
export async function dispatch(admitted: Admitted, deps: DispatchDeps): Promise<Outcome> {
  try {
    const resumed = deps.parking.resume(admitted);
    const outcome = await (resumed.kind === 'call' ? goOn(resumed.call, admitted) : begin(admitted, resumed.params, deps));
    // What the server wants mirrored has changed: its lists are read again, so that the client can (Streamable HTTP, "Client Behavior").
    if (outcome.kind === 'error' && outcome.error.code === HEADER_MISMATCH) void deps.upstreams.resync(admitted.target.server).catch(() => undefined);
    const exposed = withTaskIds(admitted, outcome, deps);
    return admitted.client.session === undefined ? deps.parking.forModern(admitted, exposed) : exposed;
  } catch (thrown) {
    return { kind: 'fault', fault: toFault(thrown) };
  }
}

/** A call that was not under way before: it takes one of the turns at its server. */
async function begin(admitted: Admitted, params: JsonObject, deps: DispatchDeps): Promise<Outcome> {
  let timeoutMs = timeoutOf(admitted);
  const waiting = deps.bulkheads?.enter(admitted);
  if (waiting !== undefined) {
    const beganMs = deps.clock.monotonicMs();
    await waiting;
    // The call has its time as a whole, and spent some of it in the line.
    timeoutMs = Math.max(1, timeoutMs - (deps.clock.monotonicMs() - beganMs));
  }
  const call = new RoutedCall(admitted, deps);
  listen(call, admitted);
  try {
    return await (isRead(admitted.method) ? readRounds(call, admitted, { params, timeoutMs }, deps) : rounds(call, admitted, { params, timeoutMs }, deps));
  } finally {
    admitted.client.session?.inFlight.remove(call);
    deps.bulkheads?.leave(admitted);
  }
}

/** A call that was parked. */
async function goOn(call: RoutedCall, admitted: Admitted): Promise<Outcome> {
  listen(call, admitted);
  try {
    return await call.run(admitted);
  } finally {
    admitted.client.session?.inFlight.remove(call);
  }
}

/** From now on the client can cancel the call: by request id in a session, by closing the response otherwise. */
function listen(call: RoutedCall, { client, id, reply }: Admitted): void {
  if (client.session !== undefined) {
    client.session.inFlight.add(id, call);
    return;
  }
  reply.onGone = () => call.cancel('the client closed the response');
  if (reply.isGone) reply.onGone();
}

/** All attempts of a read have the time of one together. */
function readRounds(call: RoutedCall, admitted: Admitted, { params, timeoutMs }: Rounds, deps: DispatchDeps): Promise<Outcome> {
  const deadlineMs = deps.clock.monotonicMs() + timeoutMs;
  let isFirst = true;
  return readAgain({ server: admitted.target.server, deadlineMs }, () => {
    const leftMs = isFirst ? timeoutMs : Math.max(1, deadlineMs - deps.clock.monotonicMs());
    isFirst = false;
    return rounds(call, admitted, { params, timeoutMs: leftMs }, deps);
  }, deps);
}

interface Rounds {
  readonly params: JsonObject;
  /** Left for all of them. */
  readonly timeoutMs: number;
}

/** One round, or as many as a modern server needs to ask a legacy client. */
async function rounds(call: RoutedCall, admitted: Admitted, given: Rounds, deps: DispatchDeps): Promise<Outcome> {
  const { params } = given;
  let { timeoutMs } = given;
  let upstream = deps.upstreams.find(admitted.target.server, leaseOf(admitted));
  if (upstream === undefined && mayWait(admitted)) {
    const deadlineMs = deps.clock.monotonicMs() + timeoutMs;
    upstream = await awaitRecovery(() => acquire(admitted, deps), deadlineMs, { clock: deps.clock, throwIfCancelled: () => call.throwIfCancelled() });
    timeoutMs = Math.max(1, deadlineMs - deps.clock.monotonicMs());
  }
  upstream ??= await acquire(admitted, deps);
  if (admitted.method === 'completion/complete' && !isObject(upstream.profile.capabilities['completions'])) return NO_COMPLETIONS;
  let roundParams = params;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const outcome = await call.run(admitted, (events) => send(admitted, { params: roundParams, timeoutMs }, upstream, events));
    if (admitted.client.session === undefined || outcome.kind !== 'result' || outcome.result.member('resultType') !== '"input_required"') return outcome;
    roundParams = { ...params, ...(await askedOfClient(call, outcome.result.value)) };
  }
  throw new Fault('upstream.protocol_error', { server: admitted.target.as, reason: 'too_many_rounds' });
}

/** A namespace offers completion as a whole, so a server without it has nothing to suggest. */
const NO_COMPLETIONS: Outcome = { kind: 'result', result: RawObject.of({ completion: { values: [] } }) };

/** Calls that wait for a client's answers hold their connections: when they are in the way for long, the one that waits longest makes room. */
function acquire({ target, client, principal }: Admitted, { upstreams, parking }: DispatchDeps): Promise<Upstream> {
  return upstreams.acquire(target.server, { ...leaseOf({ client, principal }), onCrowded: () => parking.dropOldest(target.server, principal.id) });
}

function timeoutOf({ method, snapshot, target }: Admitted): number {
  return method === 'tasks/result' ? TASK_RESULT_MS : (snapshot.servers.get(target.server)?.callTimeoutMs ?? 60_000);
}

function send(admitted: Admitted, { params, timeoutMs }: { readonly params: JsonObject; readonly timeoutMs: number }, upstream: Upstream, events: CallEvents): Call {
  const { client } = admitted;
  const isModern = upstream.profile.family === 'modern';
  return upstream.send(
    {
      method: admitted.method,
      params: isModern ? params : withoutRounds(params),
      progressToken: admitted.progressToken,
      clientCapabilities: isModern ? declaredToModern(client) : client.capabilities,
      clientInfo: client.info,
      logLevel: client.session?.logLevel ?? client.logLevel,
      headers: withForwarded(admitted, withHops(admitted)),
      timeoutMs,
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

/** The ids of tasks, as this client may know them; a session hears of the status of the tasks it began. */
function withTaskIds(admitted: Admitted, outcome: Outcome, { taskIds, deliveries }: DispatchDeps): Outcome {
  if (outcome.kind !== 'result') return outcome;
  const { client, method, target, params } = admitted;
  const { session } = client;
  const isTask = method.startsWith('tasks/') || params['task'] !== undefined || outcome.result.member('resultType') === '"task"';
  if (!isTask) return outcome;
  if (session !== undefined && params['task'] !== undefined) {
    const { task } = outcome.result.value;
    if (isObject(task) && typeof task['taskId'] === 'string') deliveries.remember('task', target.server, task['taskId'], session);
  }
  return { kind: 'result', result: taskIds.inResult(outcome.result, target.server, viewerOf(admitted)) };
}

/** The loop: asks the legacy client for everything that the server wants and returns what the next round carries. */
async function askedOfClient(call: RoutedCall, result: JsonObject): Promise<JsonObject> {
  const requests = isObject(result['inputRequests']) ? Object.entries(result['inputRequests']) : [];
  const responses: Record<string, JsonObject> = {};
  await Promise.all(
    requests.map(async ([key, request]) => {
      if (!isObject(request) || typeof request['method'] !== 'string') throw new Fault('upstream.protocol_error', { server: call.exchange.target.as, reason: 'bad_input_request' });
      responses[key] = await askOne(call, key, { method: request['method'], params: isObject(request['params']) ? request['params'] : {} });
    }),
  );
  call.throwIfCancelled();
  const state = result['requestState'];
  return { ...(requests.length > 0 ? { inputResponses: responses } : {}), ...(state === undefined ? {} : { requestState: state }) };
}

async function askOne(call: RoutedCall, key: string, { method, params }: { readonly method: string; readonly params: JsonObject }): Promise<JsonObject> {
  const { client, correlationId } = call.exchange;
  const missing = missingCapability(method, params, client);
  if (missing !== undefined && method === 'elicitation/create') return { action: 'decline' };
  if (missing !== undefined) throw new Fault('request.capability_missing', { data: { requiredCapabilities: missing } });
  const isUrl = method === 'elicitation/create' && params['mode'] === 'url';
  // 2025-11-25 demands an id, by which a server may later say that the user is done; this server has no way to say so.
  const asked = isUrl && params['elicitationId'] === undefined ? { ...params, elicitationId: `${correlationId}-${key}` } : params;
  try {
    return await call.askClient(method, markedForm(method, asked, call.exchange.target.as));
  } catch (thrown) {
    call.throwIfCancelled();
    if (method === 'elicitation/create') return { action: 'cancel' };
    throw thrown;
  }
}
