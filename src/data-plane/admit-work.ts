/** Before stage 1: while the process is short of time or memory, new messages are refused; streams and ends are not. */
import type { IncomingMessage } from 'node:http';
import { Fault } from '../base/fault.ts';

const RETRY_AFTER_SECONDS = 2;

/** Throws `limit.overloaded` with the word that `overload` says. */
export function admitWork(http: IncomingMessage, overload: (() => string | undefined) | undefined): IncomingMessage {
  const reason = http.method === 'POST' ? overload?.() : undefined;
  if (reason !== undefined) throw new Fault('limit.overloaded', { reason, retryAfterSeconds: RETRY_AFTER_SECONDS });
  return http;
}
