/** HTTP's ways of saying no, and connections that break, as faults. */
import { Fault, type FaultCode, type FaultOptions } from '../../base/fault.ts';
import { WireError, type WireHeaders } from './wire-request.ts';

export interface AnswerHead {
  readonly status: number;
  readonly headers: WireHeaders;
}

/** The header's value, the first where it came more than once. */
export function headerOf(head: AnswerHead, name: string): string | undefined {
  const value = head.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The media type without its parameters, in lower case; empty where none was sent. */
export function mediaTypeOf(head: AnswerHead): string {
  return (headerOf(head, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Longest wait that is passed on from a `Retry-After`, seconds. */
const RETRY_AFTER_SECONDS_MAX = 86_400;

/** `Retry-After` (RFC 9110 section 10.2.3) in seconds from now: delay or date; undefined where absent or malformed. */
export function retryAfterSeconds(head: AnswerHead, nowMs: number): number | undefined {
  const text = headerOf(head, 'retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - nowMs) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), RETRY_AFTER_SECONDS_MAX) : undefined;
}

interface StatusFault {
  readonly code: FaultCode;
  readonly reason: string;
  readonly effect: 'not_executed' | 'unknown';
}

/**
 * What a status other than 2xx means for the request. Below 500 the server refused before doing anything; from 500 on
 * nobody knows, except 503, which is sent instead of working.
 */
export function faultOfStatus(head: AnswerHead, server: string, nowMs: number): Fault {
  const { code, reason, effect } = classify(head);
  const retryAfter = head.status === 429 || head.status === 503 ? retryAfterSeconds(head, nowMs) : undefined;
  const challenge = head.status === 401 || head.status === 403 ? headerOf(head, 'www-authenticate') : undefined;
  const detail = `HTTP ${head.status}${mediaTypeOf(head) === '' ? '' : ` ${mediaTypeOf(head)}`}${challenge === undefined ? '' : `, www-authenticate: ${challenge.slice(0, 500)}`}`;
  return new Fault(code, { server, reason, effect, detail, ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }) });
}

function classify(head: AnswerHead): StatusFault {
  const { status } = head;
  if (status >= 300 && status < 400) return { code: 'egress.refused', reason: 'upstream_redirect', effect: 'not_executed' };
  if (status === 401) return { code: 'upstream.grant_needed', reason: 'upstream_unauthorized', effect: 'not_executed' };
  if (status === 403) {
    // A Bearer challenge asks for more scope (RFC 6750 section 3.1); without one, signing in again will not help.
    const isChallenge = /^bearer\b/i.test(headerOf(head, 'www-authenticate') ?? '');
    return { code: isChallenge ? 'upstream.grant_needed' : 'upstream.protocol_error', reason: 'upstream_forbidden', effect: 'not_executed' };
  }
  if (status === 404) return { code: 'upstream.unavailable', reason: 'upstream_not_found', effect: 'not_executed' };
  if (status === 429) return { code: 'upstream.unavailable', reason: 'upstream_rate_limited', effect: 'not_executed' };
  if (status === 503) return { code: 'upstream.unavailable', reason: 'upstream_busy', effect: 'not_executed' };
  return { code: 'upstream.protocol_error', reason: `upstream_http_${status}`, effect: status >= 400 && status < 500 ? 'not_executed' : 'unknown' };
}

/**
 * A broken connection. `isSent`: the request may have reached the server, so its effect is unknown and only the peer,
 * which knows the method, may decide to send it again.
 */
export function faultOfBreak(error: unknown, server: string, isSent: boolean): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const options: FaultOptions = { server, detail: `${code} ${error instanceof Error ? error.message : String(error)}`.trim().slice(0, 300), cause: error };
  if (!isSent) return new Fault('upstream.unavailable', { ...options, reason: 'upstream_refused' });
  if (error instanceof WireError && error.kind === 'malformed') return new Fault('upstream.protocol_error', options);
  return new Fault('upstream.closed', options);
}
