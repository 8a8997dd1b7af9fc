/** Front end for 2026-07-28: stateless, one request a POST; closing the response cancels it. */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { MODERN_REVISION, type Revision } from '../protocol/messages.ts';
import { metaOf } from '../protocol/meta.ts';
import { decodeModern, type Post, paramsOf } from './decode.ts';
import type { Decoded } from './exchange.ts';
import { PARAM_HEADER_PREFIX } from '../protocol/mirrored-params.ts';
import type { Outbox } from './outbox.ts';
import { HttpReply } from './reply.ts';

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** The request to serve; none for a notification, which is answered here. */
export function modernRequests({ body, headers, identified, response }: Post, { clock, outbox }: { readonly clock: Clock; readonly outbox: Outbox }): readonly Decoded[] {
  const [envelope] = body.envelopes;
  if (envelope === undefined || body.isBatch) throw new Fault('request.invalid', { reason: 'batch_not_supported' });
  const client = decodeModern(envelope, headers);
  if (envelope.kind !== 'request' || envelope.id === undefined) {
    response.writeHead(202, { 'content-length': 0 }).end();
    return [];
  }
  const params = paramsOf(envelope);
  const token = metaOf(params)['progressToken'];
  const reply = new HttpReply({ http: response, clock, outbox, canStream: true, openStream: undefined, headers: NO_HEADERS, answers: 1, isBatch: false });
  return [
    Object.assign(identified, {
      client: { revision: MODERN_REVISION as Revision, session: undefined, ...client },
      id: envelope.id,
      method: envelope.method,
      params,
      progressToken: typeof token === 'string' || typeof token === 'number' ? token : undefined,
      paramHeaders: paramHeaders(identified.http.headers),
      reply,
    }),
  ];
}

function paramHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  let found: Record<string, string> | undefined;
  for (const name in headers) {
    if (!name.startsWith(PARAM_HEADER_PREFIX)) continue;
    const value = headers[name];
    if (typeof value === 'string') (found ??= {})[name] = value;
  }
  return found ?? NO_HEADERS;
}
