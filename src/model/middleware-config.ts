/** Middleware as it is written in the configuration of a namespace. */
import { z } from 'zod';
import { GlobsSchema } from './policy-config.ts';

export const MiddlewareConfigSchema = z.strictObject({
  use: z.string().describe('Name of the middleware.'),
  with: z.record(z.string(), z.json()).default({}).describe('Its options.'),
  onFailure: z.enum(['closed', 'open']).optional().describe('Where it fails: closed ends the call, open goes on without it. Each middleware has a default.'),
  servers: GlobsSchema.optional().describe('Only for these servers.'),
  names: GlobsSchema.optional().describe('Only for primitives with these own names or URIs.'),
});

export type MiddlewareConfig = z.infer<typeof MiddlewareConfigSchema>;
