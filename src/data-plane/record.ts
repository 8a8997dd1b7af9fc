/** Around all: every outcome is seen, refusals too. What it says is safe for the log: names, codes, durations; never arguments. */

import type { Verdict } from '../model/policy.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Decoded, Resolved } from './exchange.ts';

export interface RequestRecord {
  readonly requestId: string;
  readonly principal: string;
  readonly keyId: string | undefined;
  readonly endpoint: string;
  readonly revision: string;
  readonly method: string;
  readonly server: string | undefined;
  readonly primitive: string | undefined;
  /** `ok`, `tool_error`, a fault code, or `rpc:CODE` for an error of the server. */
  readonly outcome: string;
  readonly detail: string | undefined;
  readonly durationMs: number;
  /** The rule of policy that decided, and what policies in shadow mode would have said; undefined where policy was not asked. */
  readonly rule: string | undefined;
  readonly shadow: Verdict | undefined;
}

export type Record = (exchange: Decoded, outcome: Outcome) => void;

export function createRecord(write: (record: RequestRecord) => void, nowMs: () => number): Record {
  return (exchange, outcome) => {
    const { target, decision } = exchange as Partial<Pick<Resolved, 'target' | 'decision'>>;
    write({
      requestId: exchange.correlationId,
      principal: exchange.principal.id,
      keyId: exchange.principal.kind === 'key' ? exchange.principal.credentialId : undefined,
      endpoint: exchange.endpoint.name,
      revision: exchange.client.revision,
      method: exchange.method,
      server: target?.server,
      primitive: target?.own ?? exchange.via,
      outcome: wordFor(outcome),
      detail: outcome.kind === 'fault' ? outcome.fault.detail : undefined,
      durationMs: nowMs() - exchange.startedMs,
      rule: decision?.rule,
      shadow: decision?.shadow,
    });
  };
}

function wordFor(outcome: Outcome): string {
  if (outcome.kind === 'fault') return outcome.fault.code;
  if (outcome.kind === 'error') return `rpc:${outcome.error.code}`;
  return outcome.result.member('isError') === 'true' ? 'tool_error' : 'ok';
}
