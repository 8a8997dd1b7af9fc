import type { Outcome } from '../upstream/upstream.ts';

/** As methods of MCP look; whatever else a client sends in its place could be anything. */
const METHOD_NAME = /^[a-zA-Z]{1,24}(?:\/[a-zA-Z_]{1,32}){0,3}$/;

/** The method, for the log. */
export function methodWord(method: string): string {
  return METHOD_NAME.test(method) ? method : '(no method name)';
}

/** How a request ended, in one word: `ok`, `tool_error`, a fault code, or `rpc:CODE` for an error of the server. */
export function wordFor(outcome: Outcome): string {
  if (outcome.kind === 'fault') return outcome.fault.code;
  if (outcome.kind === 'error') return `rpc:${outcome.error.code}`;
  return outcome.result.member('isError') === 'true' ? 'tool_error' : 'ok';
}
