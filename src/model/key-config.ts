/** An API key as it is written in the configuration. */
import { z } from 'zod';
import { PRIORITIES } from './limit.ts';

/** Shape of a key whose value is configured: `sk_mt_` and 64 letters or digits. */
export const CONFIGURED_KEY_VALUE = /^sk_mt_[A-Za-z0-9]{64}$/;

const label = z.string().min(1).max(128);
/** Of a key, or of OAuth clients at an endpoint. */
export const GivenLabelsSchema = z.strictObject({ agent: label.optional(), stage: label.optional(), priority: z.enum(PRIORITIES).optional().describe('background: waits behind interactive calls where calls queue.') });

export const KeyConfigSchema = z
  .strictObject({
    value: z.string().min(1).optional().describe('sk_mt_ and 64 letters or digits, or ${NAME} that holds one. Without it: the stored one.'),
    generate: z.literal(true).optional().describe('A value is made and shown once.'),
    endpoints: z.array(z.string()).optional().describe('Endpoints that the key opens. Without it: all.'),
    namespaces: z.array(z.string()).min(1).optional().describe('Of these endpoints only those that offer one of these namespaces.'),
    tools: z.array(z.string().min(1).max(1_000)).min(1).max(1_000).optional().describe('The key opens only these tools and nothing else: {server}__{own name}, * for any characters.'),
    expiresAt: z
      .union([z.iso.datetime({ offset: true }), z.iso.date()], 'expected a date, or a date and time with offset (RFC 3339)')
      .optional()
      .describe('Without it: never.'),
    labels: GivenLabelsSchema.optional().describe('What policies know the holder by.'),
  })
  .superRefine(
    (key, context) => {
      if (typeof key !== 'object' || key === null || key.value === undefined || key.generate === undefined) return;
      context.addIssue({ code: 'custom', path: ['generate'], message: 'expected either value or generate, not both' });
    },
    { when: () => true },
  );

export type KeyConfig = z.infer<typeof KeyConfigSchema>;
