/**
 * A call that needs a sign-in at its server. The client gets the address in the way it can take one (URL elicitation,
 * 2025-11-25 and 2026-07-28), and the call goes on once its principal has signed in; a client that cannot be asked gets
 * the address with the fault. The tool `sign_in` of such servers does nothing but this.
 */
import { Fault, toFault } from '../base/fault.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { offersSignIn, SIGN_IN_TOOL } from '../upstream/personal-lists.ts';
import { dispatch, type DispatchDeps } from './dispatch.ts';
import type { Admitted, Identified } from './exchange.ts';
import { askByResult, askInSession, canBeAsked, isInServersRound, linkData, MODERN_WAIT_MS, takeAnswer, type UrlQuestion, whileClientStays } from './url-question.ts';

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
const LEGACY_WAIT_MS = 5 * 60_000;
/** Sign-ins of one call: the first, and more scopes that the server wants. */
const ROUNDS_MAX = 3;

/** As `dispatch`: never throws. */
export function dispatchSignedIn(admitted: Admitted, deps: SignInDeps): Promise<Outcome> {
  const desk = deps.signIns;
  const auth = admitted.snapshot.servers.get(admitted.target.server)?.auth;
  return desk === undefined || auth === undefined ? dispatch(admitted, deps) : signedIn(admitted, desk, deps);
}

async function signedIn(admitted: Admitted, desk: SignInDesk, deps: SignInDeps): Promise<Outcome> {
  try {
    const answer = takeAnswer(admitted, QUESTION);
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
    const question: UrlQuestion = { key: QUESTION, id: link.id, url: link.url, message: `Sign in to ${target.as} to go on.` };
    const cannotAsk = !canBeAsked(question, admitted) || round > ROUNDS_MAX || isInServersRound(admitted);
    if (cannotAsk) return { kind: 'fault', fault: withLink(outcome.fault, link, target.as) };
    if (client.session === undefined) return askByResult(admitted, question, deps.parking);
    if (!(await askInSession(admitted, question, wait(admitted, desk, LEGACY_WAIT_MS)))) return { kind: 'fault', fault: withLink(outcome.fault, link, target.as) };
  }
}

async function wait(admitted: Admitted, desk: SignInDesk, timeoutMs: number): Promise<boolean> {
  const { target, principal } = admitted;
  if (await desk.isGiven(target.server, principal.id)) return true;
  return whileClientStays(admitted, (cancelled) => desk.whenGiven(target.server, principal.id, { timeoutMs, cancelled }));
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
    data: linkData({ key: QUESTION, id: link.id, url: link.url, message: `Sign in to ${server}.` }),
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
