/** Redact: takes secrets and personal data out of params, results and errors, or refuses what holds any. */
import { z } from 'zod';
import { Fault } from '../../base/fault.ts';
import type { JsonObject, RpcError } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';
import { PERSONAL_KINDS } from './personal.ts';
import { createRedactor, type Redactor } from './redactor.ts';

const Options = z.strictObject({
  secrets: z.boolean().default(true).describe('Tokens and keys of well-known shapes, and members with a telling name.'),
  personal: z.array(z.enum(PERSONAL_KINDS)).default([]).describe('Kinds of personal data; cards, IBANs and addresses are checked.'),
  action: z.enum(['redact', 'mask', 'block']).default('redact').describe('mask keeps the last four characters; block refuses.'),
  directions: z
    .array(z.enum(['calls', 'results']))
    .min(1)
    .default(['calls', 'results'])
    .describe('Errors belong to results.'),
});

export const redact: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'redact',
  version: '1.0.0',
  description: 'Takes secrets and personal data out of calls, results and errors.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: 16 << 20,
  create: (options) => {
    const inwards = createRedactor(options, options.action === 'block' ? refuse('not_executed') : undefined);
    const outwards = createRedactor(options, options.action === 'block' ? refuse('executed') : undefined);
    return {
      ...(options.directions.includes('calls') ? { onCall: (params: JsonObject) => redactedParams(params, inwards) } : {}),
      ...(options.directions.includes('results')
        ? {
            onResult: (result: JsonObject) => outwards.value(result),
            onError: ({ code, message, data }: RpcError) => {
              const changed = outwards.value({ message, ...(data === undefined ? {} : { data }) });
              return { code, message: String(changed['message']), ...(changed['data'] === undefined ? {} : { data: changed['data'] }) };
            },
          }
        : {}),
    };
  },
};

/** What names the target, or belongs to the protocol, stays. */
const KEPT = ['name', 'uri', 'ref', '_meta', 'requestState'] as const;

function redactedParams(params: JsonObject, redactor: Redactor): JsonObject {
  const kept: Record<string, JsonObject[string]> = {};
  const open: Record<string, JsonObject[string]> = {};
  for (const [key, value] of Object.entries(params)) ((KEPT as readonly string[]).includes(key) ? kept : open)[key] = value;
  return { ...kept, ...redactor.value(open) };
}

function refuse(effect: 'not_executed' | 'executed'): (kind: string) => void {
  return (kind) => {
    throw new Fault('policy.denied', { reason: 'sensitive_data', detail: kind, effect });
  };
}
