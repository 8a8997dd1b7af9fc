/** Endpoints as the admin API shows them. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

export const EndpointSchema = z
  .object({
    name: z.string(),
    namespace: z.string(),
    mcpUrl: z.string(),
    auth: z.object({ apiKey: z.boolean(), oauth: z.boolean(), query: z.boolean() }),
    servers: z.array(z.string()),
  })
  .meta({ id: 'Endpoint', description: 'A public MCP address and the namespace it offers' });
export type Endpoint = z.infer<typeof EndpointSchema>;

export const ListEndpoints = {
  id: 'listEndpoints',
  method: 'GET',
  path: '/api/v1/endpoints',
  summary: 'Every endpoint, in the order of the configuration',
  access: 'endpoint:read',
  answer: z.object({ items: z.array(EndpointSchema) }),
  status: 200,
} as const satisfies Operation;
