/**
 * Calls that a person must approve. The client gets the address where that is done in the way it can take one, and the
 * call goes on once it was approved; a client that cannot be asked gets the address with the fault and calls again.
 *
 * An approval is for exactly this principal, endpoint, server, primitive and arguments as they were asked, holds for one
 * call, and is spent when that call is dispatched, however it ends.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { type ApprovalTerms, type Decision, DEFAULT_APPROVAL_TERMS } from '../model/policy.ts';
import type { Principal } from '../model/principal.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Admission } from './admit.ts';
import type { Admitted, Approval, Resolved } from './exchange.ts';
import type { Parking } from './parking.ts';
import { askByResult, askInSession, canBeAsked, linkData, MODERN_WAIT_MS, takeAnswer, type UrlQuestion, whileClientStays } from './url-question.ts';

/** All that an approval is bound to, and what the person who decides should know. */
export interface ApprovalAsk {
  readonly principal: Principal;
  readonly endpoint: string;
  readonly namespace: string;
  readonly server: string;
  readonly method: string;
  /** Own name or URI. */
  readonly name: string;
  readonly arguments: JsonObject;
  readonly rule: string;
  readonly reason: string | undefined;
  readonly terms: ApprovalTerms;
}

export interface ApprovalAnswer {
  readonly id: string;
  /** Where a person decides. */
  readonly url: string;
  readonly state: 'pending' | 'approved' | 'denied';
  /** What the person said who denied it. */
  readonly note: string | undefined;
}

/** Approvals, as the data plane needs them. All reject with `storage.unavailable`. */
export interface ApprovalDesk {
  /** The approval for exactly this call; one that waits for a person is made where there is none. */
  request(ask: ApprovalAsk): Promise<ApprovalAnswer>;
  /** As it is once someone decided, the time is over, or the client went away. */
  whenDecided(id: string, wait: { readonly timeoutMs: number; readonly cancelled: Promise<unknown> }): Promise<ApprovalAnswer | undefined>;
  /** Spends it: true exactly once, whoever asks and wherever. */
  consume(id: string): Promise<boolean>;
}

export interface ApprovalsDeps {
  readonly clock: Clock;
  readonly desk: ApprovalDesk;
  readonly parking: Parking;
}

const QUESTION = 'metamcp_approval';
/** As long as a call may take that says nothing else. */
const CALL_TIMEOUT_MS = 60_000;
/** Rounds of approved calls that are under way. */
const ROUNDS_MAX = 10_000;
const ROUND_MS = 10 * 60_000;

export class Approvals {
  readonly #deps: ApprovalsDeps;
  /** Digests of the states with which clients go on with a call that was approved, each good for once. */
  readonly #rounds = new Map<string, number>();

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps;
  }

  /** Let through, or what the client is asked. Rejects with `policy.approval_needed`, `policy.denied`. */
  async approve(resolved: Resolved, decision: Decision): Promise<Admission> {
    if (resolved.approval !== undefined) return resolved as Admitted;
    if (this.#goesOn(resolved)) return pass(resolved, { id: undefined });
    const said = takeAnswer(resolved, QUESTION);
    let answer: ApprovalAnswer | undefined = await this.#deps.desk.request(toAsk(resolved, decision));
    if (answer.state === 'pending' && said === 'accept') answer = (await this.#wait(resolved, answer.id, Math.min(MODERN_WAIT_MS, timeoutOf(resolved)))) ?? answer;
    if (answer.state !== 'pending') return conclude(resolved, answer);
    const question = toQuestion(resolved, answer);
    const mayAsk = canBeAsked(question, resolved) && (said === undefined || said === 'accept');
    if (!mayAsk) throw needed(question);
    if (resolved.client.session === undefined) return askByResult(resolved, question, this.#deps.parking);
    return await this.#askInSession(resolved, question);
  }

  /** Around the dispatch of an approved call: the approval is spent before anything is sent. */
  async spend(admitted: Admitted, dispatch: () => Promise<Outcome>): Promise<Outcome> {
    const { approval } = admitted;
    if (approval === undefined) return dispatch();
    if (approval.id !== undefined && !(await this.#deps.desk.consume(approval.id)))
      throw new Fault('policy.approval_needed', { message: 'The approval was used or has expired; call again to ask for another.', reason: 'approval_spent' });
    const outcome = await dispatch();
    this.#keepRound(outcome);
    return outcome;
  }

  async #askInSession(resolved: Resolved, question: UrlQuestion): Promise<Admission> {
    const decided: { answer?: ApprovalAnswer | undefined } = {};
    const given = this.#wait(resolved, question.id, timeoutOf(resolved)).then((answer) => {
      decided.answer = answer;
      return answer?.state === 'approved';
    });
    await askInSession(resolved, question, given);
    const { answer } = decided;
    if (answer === undefined || answer.state === 'pending') throw needed(question);
    return conclude(resolved, answer);
  }

  #wait(resolved: Resolved, id: string, timeoutMs: number): Promise<ApprovalAnswer | undefined> {
    return whileClientStays(resolved, (cancelled) => this.#deps.desk.whenDecided(id, { timeoutMs, cancelled }));
  }

  /** A further round of an approved call: `parking` proves that the state is this call's, here it counts once. */
  #goesOn({ upstreamParams }: Resolved): boolean {
    const state = upstreamParams['requestState'];
    if (typeof state !== 'string') return false;
    const untilMs = this.#rounds.get(digest(state));
    return this.#rounds.delete(digest(state)) && untilMs !== undefined && untilMs >= this.#deps.clock.monotonicMs();
  }

  #keepRound(outcome: Outcome): void {
    if (outcome.kind !== 'result' || outcome.result.member('resultType') !== '"input_required"') return;
    const state = outcome.result.value['requestState'];
    if (typeof state !== 'string') return;
    const nowMs = this.#deps.clock.monotonicMs();
    const [oldest] = this.#rounds.keys();
    if (this.#rounds.size >= ROUNDS_MAX && oldest !== undefined) this.#rounds.delete(oldest);
    this.#rounds.set(digest(state), nowMs + ROUND_MS);
  }
}

function pass(resolved: Resolved, approval: Approval): Admitted {
  return Object.assign(resolved, { approval, approvalId: approval.id }) as Resolved as Admitted;
}

function conclude(resolved: Resolved, { id, state, note }: ApprovalAnswer): Admitted {
  if (state === 'approved') return pass(resolved, { id });
  throw new Fault('policy.denied', { message: `A person denied this call${note === undefined ? '.' : `: ${note}`}`, reason: 'approval_denied', detail: `approval ${id}`, data: { approval: id } });
}

function toAsk({ principal, endpoint, target, method, upstreamParams }: Resolved, { rule, reason, approval }: Decision): ApprovalAsk {
  const given: JsonObject = isObject(upstreamParams['arguments']) ? upstreamParams['arguments'] : {};
  const terms = approval ?? DEFAULT_APPROVAL_TERMS;
  return { principal, endpoint: endpoint.name, namespace: endpoint.namespace.name, server: target.server, method, name: target.own, arguments: given, rule, reason, terms };
}

function toQuestion({ target }: Resolved, { id, url }: ApprovalAnswer): UrlQuestion {
  return { key: QUESTION, id, url, message: `A person must approve this call of ${target.as}/${target.own} before it is made.` };
}

function needed(question: UrlQuestion): Fault {
  return new Fault('policy.approval_needed', {
    message: `A person must approve this call first: ${question.url} (approval ${question.id}). Then call again with the same arguments.`,
    reason: 'approval_pending',
    data: { approval: question.id, ...linkData(question) },
  });
}

function timeoutOf({ snapshot, target }: Resolved): number {
  return snapshot.servers.get(target.server)?.callTimeoutMs ?? CALL_TIMEOUT_MS;
}

function digest(state: string): string {
  return hash('sha256', state);
}
