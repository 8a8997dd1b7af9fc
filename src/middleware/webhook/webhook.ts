/**
 * Webhook: a service of the operator's sees each call and each result and may change or refuse it. It gets JSON by POST,
 * `{version, hook, call, params | result}`, and answers with `{}`, `{params}`, `{result}` or `{refuse: "reason"}`.
 */
import { z } from 'zod';
import { Fault } from '../../base/fault.ts';
import type { CallContext } from '../../model/middleware.ts';
import { RawObject } from '../../protocol/envelope.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

/** Of what is sent and answered. */
const WEBHOOK_VERSION = 1;

const Options = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('Dialled as it is written; no redirects.'),
  hooks: z
    .array(z.enum(['call', 'result']))
    .min(1)
    .default(['call']),
  timeoutMs: z.int().min(10).max(30_000).default(2_000),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with each request.'),
});

export const webhook: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'webhook',
  version: '1.0.0',
  description: 'Asks a service over HTTP about calls and results.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: 4 << 20,
  create: ({ url, hooks, timeoutMs, headers }) => {
    const ask = async (hook: 'call' | 'result', body: JsonObject, context: CallContext): Promise<JsonObject> => {
      const { services, method, server, own, principal } = context;
      if (services?.post === undefined) throw new Error('no way to reach services');
      const call = { method, server, name: own, ...(principal === undefined ? {} : { principal }) };
      const answer = await services.post(url, { headers, body: JSON.stringify({ version: WEBHOOK_VERSION, hook, call, ...body }) });
      const said: unknown = JSON.parse(answer);
      if (!isObject(said)) throw new Error('the service answered no object');
      if (typeof said['refuse'] === 'string') throw new Fault('policy.denied', { reason: 'webhook', detail: `the webhook refuses: ${said['refuse'].slice(0, 200)}`, effect: hook === 'call' ? 'not_executed' : 'executed' });
      return said;
    };
    return {
      timeoutMs,
      ...(hooks.includes('call') && {
        onCall: async (params: JsonObject, context: CallContext) => {
          const said = await ask('call', { params }, context);
          if (isObject(said['result'])) return RawObject.of(said['result']);
          return isObject(said['params']) ? said['params'] : params;
        },
      }),
      ...(hooks.includes('result') && {
        onResult: async (result: JsonObject, context: CallContext) => {
          const said = await ask('result', { result }, context);
          return isObject(said['result']) ? said['result'] : result;
        },
      }),
    };
  },
};
