/** Before stage 1: while the process is short of time or memory, or blind to revocations, new messages are refused; streams and ends are not. */
import type { HttpRequest } from '../base/http.ts';
import { Fault } from '../base/fault.ts';

const RETRY_AFTER_SECONDS = 2;

/** Throws `limit.overloaded` with the word that `overload` says, or `storage.unavailable` where that is the store. */
export function admitWork(http: HttpRequest, overload: (() => string | undefined) | undefined): HttpRequest {
  const reason = http.method === 'POST' ? overload?.() : undefined;
  if (reason === 'storage') throw new Fault('storage.unavailable', { effect: 'not_executed', retryAfterSeconds: RETRY_AFTER_SECONDS, detail: 'not seen for so long that known credentials are no longer trusted' });
  if (reason !== undefined) throw new Fault('limit.overloaded', { reason, retryAfterSeconds: RETRY_AFTER_SECONDS });
  return http;
}
