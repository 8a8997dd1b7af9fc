import type { Outcome } from '../upstream/upstream.ts';

/** How a request ended, in one word: `ok`, `tool_error`, a fault code, or `rpc:CODE` for an error of the server. */
export function wordFor(outcome: Outcome): string {
  if (outcome.kind === 'fault') return outcome.fault.code;
  if (outcome.kind === 'error') return `rpc:${outcome.error.code}`;
  return outcome.result.member('isError') === 'true' ? 'tool_error' : 'ok';
}
