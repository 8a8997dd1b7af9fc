/**
 * A call that needs a sign-in at its server. The client gets the address in the way it can take one (URL elicitation,
 * 2025-11-25 and 2026-07-28), and the call goes on once its principal has signed in; a client that cannot be asked gets
 * the address with the fault. The tool `sign_in` of such servers does nothing but this.
 */
import { Fault, toFault } from '../base/fault.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { offersSignIn, SIGN_IN_TOOL } from '../upstream/personal-lists.ts';
import { missingCapability } from './capabilities.ts';
import { dispatch, type DispatchDeps } from './dispatch.ts';
import type { Admitted, Identified } from './exchange.ts';
import type { InFlight } from './sessions.ts';

/** Sign-ins, as the data plane needs them. */
export interface SignInDesk {
  /** Where the principal can sign in; undefined where no sign-in is configured for the server. */
  begin(server: string, principal: { readonly id: string; readonly name: string }): { readonly id: string; readonly url: string } | undefined;
  /** Whether there is a token for the principal. Rejects with `upstream.unavailable` where that cannot be known now. */
  isGiven(server: string, principalId: string): Promise<boolean>;
  whenGiven(server: string, principalId: string, wait: { readonly timeoutMs: number; readonly cancelled: Promise<unknown> }): Promise<boolean>;
  /** The client's own access token, for servers with token exchange. */
  show(principalId: string, token: string): void;
}

export interface SignInDeps extends DispatchDeps {
  /** Undefined where the gateway signs in nowhere. */
  readonly signIns?: SignInDesk | undefined;
}

/** Key of our question among those of the server. */
const QUESTION = 'metamcp_sign_in';
/** A modern client is asked again after so long, so that no one on the way gives up on the response. */
const MODERN_WAIT_MS = 45_000;
const LEGACY_WAIT_MS = 5 * 60_000;
/** Sign-ins of one call: the first, and more scopes that the server wants. */
const ROUNDS_MAX = 3;

/** As `dispatch`: never throws. */
export async function dispatchSignedIn(admitted: Admitted, deps: SignInDeps): Promise<Outcome> {
  const desk = deps.signIns;
  const auth = admitted.snapshot.servers.get(admitted.target.server)?.auth;
  if (desk === undefined || auth === undefined) return dispatch(admitted, deps);
  try {
    const answer = takeAnswer(admitted);
    if (answer !== undefined && answer !== 'accept') return declined(admitted);
    if (answer === 'accept') await wait(admitted, desk, MODERN_WAIT_MS);
    return await rounds(admitted, desk, deps);
  } catch (thrown) {
    return { kind: 'fault', fault: toFault(thrown) };
  }
}

async function rounds(admitted: Admitted, desk: SignInDesk, deps: SignInDeps): Promise<Outcome> {
  const { client, target, principal } = admitted;
  const isSignIn = admitted.method === 'tools/call' && target.own === SIGN_IN_TOOL && offersSignIn(deps.upstreams.lists(target.server));
  for (let round = 1; ; round++) {
    const outcome = isSignIn ? await signInOutcome(admitted, desk) : await dispatch(admitted, deps);
    const isNeeded = outcome.kind === 'fault' && outcome.fault.code === 'upstream.grant_needed';
    const link = isNeeded ? desk.begin(target.server, principal) : undefined;
    if (!isNeeded || link === undefined) return outcome;
    const question = { mode: 'url', url: link.url, elicitationId: link.id, message: `Sign in to ${target.as} to go on.` };
    const cannotAsk = missingCapability('elicitation/create', question, client) !== undefined || round > ROUNDS_MAX || isInServersRound(admitted);
    if (cannotAsk) return { kind: 'fault', fault: withLink(outcome.fault, link, target.as) };
    if (client.session === undefined) return asked(admitted, question, deps);
    if (!(await askedInSession(admitted, question, desk))) return { kind: 'fault', fault: withLink(outcome.fault, link, target.as) };
  }
}

/** The answer to our question, taken out of what goes on to the server. */
function takeAnswer(admitted: Admitted): string | undefined {
  const responses = admitted.upstreamParams['inputResponses'];
  if (!isObject(responses) || !isObject(responses[QUESTION])) return undefined;
  const { [QUESTION]: answer, ...others } = responses;
  const { inputResponses: _, ...params } = admitted.upstreamParams;
  Object.assign(admitted, { upstreamParams: Object.keys(others).length === 0 ? params : { ...params, inputResponses: others } });
  return isObject(answer) ? String(answer['action']) : undefined;
}

/** The server's own state would be lost under ours. */
function isInServersRound({ upstreamParams }: Admitted): boolean {
  return isObject(upstreamParams['inputResponses']);
}

/** 2026-07-28, basic/patterns/mrtr: the client comes back with its answer. */
function asked(admitted: Admitted, question: JsonObject, { parking }: SignInDeps): Outcome {
  const { elicitationId: _, ...params } = question;
  const result = { resultType: 'input_required', inputRequests: { [QUESTION]: { method: 'elicitation/create', params } }, requestState: '' };
  return parking.forModern(admitted, { kind: 'result', result: RawObject.of(result) });
}

/** 2025-11-25, client/elicitation, "URL Mode": accepting means that the address was opened; then the sign-in is waited for. */
async function askedInSession(admitted: Admitted, question: JsonObject, desk: SignInDesk): Promise<boolean> {
  const { session } = admitted.client;
  if (session === undefined) return false;
  const given = wait(admitted, desk, LEGACY_WAIT_MS);
  const carry = (message: string): boolean => admitted.reply.send(message) || session.carry(message);
  const { answer, cancel } = session.ask({ method: 'elicitation/create', params: question }, carry);
  const settled = await Promise.race([answer, given]);
  // Harmless where it was answered.
  if (typeof settled === 'boolean') cancel('the sign-in is over');
  const hasAgreed = typeof settled === 'boolean' ? settled : settled.kind === 'result' && settled.result['action'] === 'accept';
  const isGiven = hasAgreed && (await given);
  if (isGiven) carry(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId: question['elicitationId'] } }));
  return isGiven;
}

async function wait(admitted: Admitted, desk: SignInDesk, timeoutMs: number): Promise<boolean> {
  const { target, principal, reply, client } = admitted;
  if (await desk.isGiven(target.server, principal.id)) return true;
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const waiting: InFlight = { cancel: () => resolve(), send: (message) => reply.send(message) };
  if (client.session === undefined) reply.onGone = resolve;
  else client.session.inFlight.add(admitted.id, waiting);
  try {
    return await desk.whenGiven(target.server, principal.id, { timeoutMs, cancelled });
  } finally {
    client.session?.inFlight.remove(waiting);
  }
}

async function signInOutcome({ target, principal }: Admitted, desk: SignInDesk): Promise<Outcome> {
  if (!(await desk.isGiven(target.server, principal.id))) return { kind: 'fault', fault: new Fault('upstream.grant_needed', { server: target.as }) };
  return { kind: 'result', result: RawObject.of({ content: [{ type: 'text', text: `You are signed in to ${target.as}. List the tools again to see all of them.` }] }) };
}

/** The address works for this principal only and holds no secret, so that it may be shown (OC and CD rows of the requirements). */
function withLink(fault: Fault, link: { readonly id: string; readonly url: string }, server: string): Fault {
  return new Fault('upstream.grant_needed', {
    message: `Sign in to ${server} at ${link.url} and try again.`,
    server,
    reason: fault.reason ?? 'sign_in',
    data: { url: link.url, elicitations: [{ mode: 'url', elicitationId: link.id, url: link.url, message: `Sign in to ${server}.` }] },
    cause: fault,
    ...(fault.detail === undefined ? {} : { detail: fault.detail }),
  });
}

function declined({ target }: Admitted): Outcome {
  return { kind: 'fault', fault: new Fault('upstream.grant_needed', { server: target.as, reason: 'declined', message: `You did not sign in to ${target.as}.` }) };
}

/** Whoever comes with a token of its own to an endpoint whose servers want one made of it shows it with every request. */
export function showToken({ http, principal, endpoint, snapshot }: Identified, desk: SignInDesk): void {
  if (principal.kind !== 'user' || !endpoint.namespace.members.some(({ server }) => snapshot.servers.get(server)?.auth?.type === 'token-exchange')) return;
  const token = /^Bearer +(\S+)$/i.exec(http.headers.authorization ?? '')?.[1];
  if (token !== undefined) desk.show(principal.id, token);
}
