/** One request as the log writes it, in one order: who, what, how it was judged, what came of it. */
import type { RequestRecord } from './data-plane/record.ts';

const QUOTED_MAX = 1_000;
const QUOTED_CHARS_MAX = 200;
const quotedTexts = new Map<string, string>();

/** JSON of a text. Names repeat from line to line. */
function quoted(text: string): string {
  const known = quotedTexts.get(text);
  if (known !== undefined) return known;
  const json = JSON.stringify(text);
  if (text.length > QUOTED_CHARS_MAX) return json;
  if (quotedTexts.size >= QUOTED_MAX) quotedTexts.clear();
  quotedTexts.set(text, json);
  return json;
}

/** Members of a JSON object, without its braces. Names and codes; never what was sent. */
export function requestLine(record: RequestRecord): string {
  const { requestId, principal, server, primitive, outcome, durationMs, rule, keyId, shadow, detail } = record;
  return (
    `"requestId":"${requestId}","principal":${quoted(principal)}` +
    (server === undefined ? '' : `,"tool":${quoted(`${server}/${primitive ?? ''}`)}`) +
    (principal === 'anonymous' ? ',"auth":"none needed"' : ',"auth":"accepted"') +
    (rule === undefined ? '' : `,"decision":${quoted(decisionOf(outcome, rule))}`) +
    `,"timeout":${outcome === 'upstream.timeout'}` +
    (outcome.startsWith('rpc:') ? `,"upstreamCode":${Number(outcome.slice(4))}` : '') +
    `,"durationMs":${Math.round(durationMs * 100) / 100},"outcome":${quoted(outcome)},"method":${quoted(record.method)},"endpoint":${quoted(record.endpoint)},"revision":"${record.revision}"` +
    (server === undefined ? '' : `,"server":${quoted(server)}`) +
    (primitive === undefined ? '' : `,"primitive":${quoted(primitive)}`) +
    (keyId === undefined ? '' : `,"keyId":${quoted(keyId)}`) +
    (shadow === undefined ? '' : `,"shadow":${JSON.stringify(JSON.stringify(shadow))}`) +
    (detail === undefined ? '' : `,"detail":${JSON.stringify(detail)}`)
  );
}

function decisionOf(outcome: string, rule: string): string {
  const isRefused = outcome === 'policy.denied' || outcome === 'policy.approval_needed' || outcome === 'routing.unknown';
  return `${isRefused ? 'refused' : 'allowed'} by ${rule}`;
}
