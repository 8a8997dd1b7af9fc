/** One request as the log writes it, in one order: who, what, how it was judged, what came of it. */
import type { RequestRecord } from './data-plane/record.ts';

/** Names and codes; never what was sent. */
export function toRequestLine(record: RequestRecord): Readonly<Record<string, string | number | boolean | undefined>> {
  const { requestId, principal, server, primitive, outcome, durationMs, rule } = record;
  return {
    requestId,
    principal,
    tool: server === undefined ? undefined : `${server}/${primitive ?? ''}`,
    auth: principal === 'anonymous' ? 'none needed' : 'accepted',
    decision: rule === undefined ? undefined : decisionOf(outcome, rule),
    timeout: outcome === 'upstream.timeout',
    upstreamCode: outcome.startsWith('rpc:') ? Number(outcome.slice(4)) : undefined,
    durationMs: Math.round(durationMs * 100) / 100,
    outcome,
    method: record.method,
    endpoint: record.endpoint,
    revision: record.revision,
    server,
    primitive,
    keyId: record.keyId,
    shadow: record.shadow === undefined ? undefined : JSON.stringify(record.shadow),
    detail: record.detail,
  };
}

function decisionOf(outcome: string, rule: string): string {
  const isRefused = outcome === 'policy.denied' || outcome === 'policy.approval_needed' || outcome === 'routing.unknown';
  return `${isRefused ? 'refused' : 'allowed'} by ${rule}`;
}
