/** Around all: every outcome is seen, refusals too. What it says is safe for the log: names, codes, durations; never arguments. */

import type { Effect, Verdict } from '../model/policy.ts';
import type { Hop } from '../base/fault.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Decoded, Resolved } from './exchange.ts';
import { methodWord, wordFor } from './record-word.ts';

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
  readonly effect: Effect | undefined;
  readonly namespace: string;
  /** The hop at which a fault arose. */
  readonly failedAt: Hop | undefined;
  /** Time at the server; undefined where it was not asked. */
  readonly upstreamMs: number | undefined;
  /** Of params and result as they lie on the wire. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly traceId: string | undefined;
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
      method: methodWord(exchange.method),
      server: target?.server,
      primitive: target?.own ?? exchange.via,
      outcome: wordFor(outcome),
      detail: outcome.kind === 'fault' ? outcome.fault.detail : undefined,
      durationMs: nowMs() - exchange.startedMs,
      rule: decision?.rule,
      shadow: decision?.shadow,
      effect: decision?.effect,
      namespace: exchange.endpoint.namespace.name,
      failedAt: outcome.kind === 'fault' ? outcome.fault.failedAt : undefined,
      upstreamMs: upstreamMsOf(exchange.recording),
      bytesIn: exchange.rawParams?.byteLength ?? 0,
      bytesOut: outcome.kind === 'result' ? outcome.result.byteLength : 0,
      traceId: exchange.traceId,
    });
  };
}

function upstreamMsOf(recording: Decoded['recording']): number | undefined {
  return recording?.sentMs === undefined || recording.answeredMs === undefined ? undefined : recording.answeredMs - recording.sentMs;
}
