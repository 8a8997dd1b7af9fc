/**
 * An address that a person must open before a call goes on, asked of the client in the way it can take: URL elicitation
 * over the stream of its request (2025-11-25), or `input_required` (2026-07-28, basic/patterns/mrtr).
 */
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { missingCapability } from './capabilities.ts';
import { hearLeaving } from './client-leaves.ts';
import type { Resolved } from './exchange.ts';
import type { Parking } from './parking.ts';

/** A modern client is asked again after so long, so that no one on the way gives up on the response. */
export const MODERN_WAIT_MS = 45_000;

export interface UrlQuestion {
  /** Key of the question among those of the server. */
  readonly key: string;
  readonly id: string;
  readonly url: string;
  /** For the person. */
  readonly message: string;
}

export function canBeAsked(question: UrlQuestion, { client }: Resolved): boolean {
  return missingCapability('elicitation/create', paramsOf(question), client) === undefined;
}

/** The answer to our question, taken out of what goes on to the server; undefined where there is none. */
export function takeAnswer(resolved: Resolved, key: string): string | undefined {
  const responses = resolved.upstreamParams['inputResponses'];
  if (!isObject(responses) || !isObject(responses[key])) return undefined;
  const { [key]: answer, ...others } = responses;
  const { inputResponses: _, ...params } = resolved.upstreamParams;
  Object.assign(resolved, { upstreamParams: Object.keys(others).length === 0 ? params : { ...params, inputResponses: others } });
  return isObject(answer) ? String(answer['action']) : undefined;
}

/** The server's own state would be lost under ours. */
export function isInServersRound({ upstreamParams }: Resolved): boolean {
  return isObject(upstreamParams['inputResponses']);
}

/** The client comes back with its answer. */
export function askByResult(resolved: Resolved, question: UrlQuestion, parking: Parking): Outcome {
  const { elicitationId: _, ...params } = paramsOf(question);
  const result = { resultType: 'input_required', inputRequests: { [question.key]: { method: 'elicitation/create', params } }, requestState: '' };
  return parking.forModern(resolved, { kind: 'result', result: RawObject.of(result) });
}

/** 2025-11-25, client/elicitation, "URL Mode": accepting means that the address was opened; then `given` is waited for. */
export async function askInSession(resolved: Resolved, question: UrlQuestion, given: Promise<boolean>): Promise<boolean> {
  const { session } = resolved.client;
  if (session === undefined) return false;
  const carry = (message: string): boolean => resolved.reply.send(message) || session.carry(message);
  const { answer, cancel } = session.ask({ method: 'elicitation/create', params: paramsOf(question) }, carry);
  const settled = await Promise.race([answer, given]);
  // Harmless where it was answered.
  if (typeof settled === 'boolean') cancel('it is over');
  const hasAgreed = typeof settled === 'boolean' ? settled : settled.kind === 'result' && settled.result['action'] === 'accept';
  const isGiven = hasAgreed && (await given);
  if (isGiven) carry(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId: question.id } }));
  return isGiven;
}

/** Waits with `wait`, and hears of it where the client gives up meanwhile. */
export async function whileClientStays<Result>(resolved: Resolved, wait: (cancelled: Promise<void>) => Promise<Result>): Promise<Result> {
  const leaving = hearLeaving(resolved);
  try {
    return await wait(leaving.cancelled);
  } finally {
    leaving.done();
  }
}

/** For a client that cannot be asked: `data` of a fault, in the form of 2025-11-25's URL elicitations. */
export function linkData(question: UrlQuestion): JsonObject {
  return { url: question.url, elicitations: [paramsOf(question)] };
}

function paramsOf({ id, url, message }: UrlQuestion): JsonObject {
  return { mode: 'url', elicitationId: id, url, message };
}
