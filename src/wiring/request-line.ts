/** One request as the log writes it, in one order: who, what, how it was judged, what came of it. */
import type { RequestRecord } from '../data-plane/record.ts';

/** What does not differ between two requests of one kind: the members before and after the duration. */
interface Kind {
  readonly of: RequestRecord;
  readonly before: string;
  readonly after: string;
}

let last: Kind | undefined;

/** Members of a JSON object, without its braces. Names and codes; never what was sent. */
export function requestLine(record: RequestRecord): string {
  if (last === undefined || !isOfKind(record, last.of)) last = kindOf(record);
  const { shadow, detail } = record;
  return (
    `"requestId":"${record.requestId}",${last.before}${Math.round(record.durationMs * 100) / 100}${last.after}` +
    (shadow === undefined ? '' : `,"shadow":${JSON.stringify(JSON.stringify(shadow))}`) +
    (detail === undefined ? '' : `,"detail":${JSON.stringify(detail)}`)
  );
}

function isOfKind(one: RequestRecord, other: RequestRecord): boolean {
  return (
    one.principal === other.principal &&
    one.primitive === other.primitive &&
    one.server === other.server &&
    one.outcome === other.outcome &&
    one.rule === other.rule &&
    one.method === other.method &&
    one.endpoint === other.endpoint &&
    one.revision === other.revision &&
    one.keyId === other.keyId
  );
}

function kindOf(record: RequestRecord): Kind {
  const { principal, server, primitive, outcome, rule, keyId } = record;
  const before =
    `"principal":${JSON.stringify(principal)}` +
    (server === undefined ? '' : `,"tool":${JSON.stringify(`${server}/${primitive ?? ''}`)}`) +
    (principal === 'anonymous' ? ',"auth":"none needed"' : ',"auth":"accepted"') +
    (rule === undefined ? '' : `,"decision":${JSON.stringify(decisionOf(outcome, rule))}`) +
    `,"timeout":${outcome === 'upstream.timeout'}` +
    (outcome.startsWith('rpc:') ? `,"upstreamCode":${Number(outcome.slice(4))}` : '') +
    ',"durationMs":';
  const after =
    `,"outcome":${JSON.stringify(outcome)},"method":${JSON.stringify(record.method)},"endpoint":${JSON.stringify(record.endpoint)},"revision":"${record.revision}"` +
    (server === undefined ? '' : `,"server":${JSON.stringify(server)}`) +
    (primitive === undefined ? '' : `,"primitive":${JSON.stringify(primitive)}`) +
    (keyId === undefined ? '' : `,"keyId":${JSON.stringify(keyId)}`);
  return { of: record, before, after };
}

function decisionOf(outcome: string, rule: string): string {
  const isRefused = outcome === 'policy.denied' || outcome === 'policy.approval_needed' || outcome === 'routing.unknown';
  return `${isRefused ? 'refused' : 'allowed'} by ${rule}`;
}
