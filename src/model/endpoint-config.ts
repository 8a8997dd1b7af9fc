/** An endpoint as it is written in the configuration. */
import { z } from 'zod';

const LimitConfigSchema = z
  .strictObject({
    scope: z.enum(['endpoint', 'client']).describe('One bucket for the endpoint, or one for each client.'),
    by: z.enum(['key', 'user', 'ip', 'header']).default('key').describe('What tells clients apart.'),
    header: z.string().min(1).toLowerCase().optional().describe('Name of the header, where by is header.'),
    max: z.int().min(1).describe('Size of the bucket.'),
    seconds: z.number().positive().max(31_536_000).describe('Time in which an empty bucket is full again.'),
  })
  .superRefine(
    (limit, context) => {
      if (typeof limit !== 'object' || limit === null) return;
      if ((limit.by === 'header') === (limit.header !== undefined)) return;
      context.addIssue({ code: 'custom', message: limit.by === 'header' ? 'expected header, which by: header needs' : 'expected no header unless by is header' });
    },
    { when: () => true },
  );

export const EndpointConfigSchema = z.strictObject({
  namespace: z.string().describe('Name of the namespace that is offered.'),
  auth: z
    .strictObject({
      apiKey: z.boolean().default(true).describe('API keys are accepted.'),
      oauth: z.boolean().default(false).describe('OAuth access tokens are accepted.'),
      query: z.boolean().default(false).describe('?api_key= is accepted too.'),
    })
    .default({ apiKey: true, oauth: false, query: false })
    .describe('All false: open to everyone who reaches the port.'),
  limits: z.array(LimitConfigSchema).default([]),
  discovery: z.enum(['full']).default('full').describe('full: the whole list of tools.'),
});

export type EndpointConfig = z.infer<typeof EndpointConfigSchema>;
