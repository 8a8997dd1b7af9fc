/** One request as the log writes it, in one order: who, what, how it was judged, what came of it. */
import type { RequestRecord } from './data-plane/record.ts';

/** Members of a JSON object, without its braces. Names and codes; never what was sent. */
export function requestLine(record: RequestRecord): string {
  const { requestId, principal, server, primitive, outcome, durationMs, rule, keyId, shadow, detail } = record;
  return (
    `"requestId":"${requestId}","principal":${JSON.stringify(principal)}` +
    (server === undefined ? '' : `,"tool":${JSON.stringify(`${server}/${primitive ?? ''}`)}`) +
    (principal === 'anonymous' ? ',"auth":"none needed"' : ',"auth":"accepted"') +
    (rule === undefined ? '' : `,"decision":${JSON.stringify(decisionOf(outcome, rule))}`) +
    `,"timeout":${outcome === 'upstream.timeout'}` +
    (outcome.startsWith('rpc:') ? `,"upstreamCode":${Number(outcome.slice(4))}` : '') +
    `,"durationMs":${Math.round(durationMs * 100) / 100},"outcome":${JSON.stringify(outcome)},"method":${JSON.stringify(record.method)},"endpoint":${JSON.stringify(record.endpoint)},"revision":"${record.revision}"` +
    (server === undefined ? '' : `,"server":${JSON.stringify(server)}`) +
    (primitive === undefined ? '' : `,"primitive":${JSON.stringify(primitive)}`) +
    (keyId === undefined ? '' : `,"keyId":${JSON.stringify(keyId)}`) +
    (shadow === undefined ? '' : `,"shadow":${JSON.stringify(JSON.stringify(shadow))}`) +
    (detail === undefined ? '' : `,"detail":${JSON.stringify(detail)}`)
  );
}

function decisionOf(outcome: string, rule: string): string {
  const isRefused = outcome === 'policy.denied' || outcome === 'policy.approval_needed' || outcome === 'routing.unknown';
  return `${isRefused ? 'refused' : 'allowed'} by ${rule}`;
}
