/** Endpoints in the admin API. */
import { z } from 'zod';
import { DISCOVERY_MODES } from '../model/discovery.ts';
import { EndpointAuthSchema, RevisionSchema } from '../model/endpoint-config.ts';
import { nextCursor, ObjectParams, objectOperations, ObjectShape, PageQueryShape } from './objects.ts';
import type { Operation } from './operation.ts';

export const CollisionSchema = z
  .object({
    kind: z.enum(['tool', 'prompt', 'resource', 'resourceTemplate']),
    exposed: z.string().meta({ description: 'The name or URI that two servers claim' }),
    kept: z.string().meta({ description: 'The server that has it: the first in the order of the namespace' }),
    hidden: z.string().meta({ description: 'The server that does not' }),
  })
  .meta({ id: 'Collision', description: 'Two servers of a namespace offer the same name' });

export const EndpointSchema = z
  .object({
    ...ObjectShape,
    namespace: z.string(),
    mcpUrl: z.string(),
    auth: EndpointAuthSchema,
    discovery: z.object({ mode: z.enum(DISCOVERY_MODES), budgetTokens: z.int(), pins: z.array(z.string()) }).meta({ description: 'How its tools are shown' }),
    oldestRevision: RevisionSchema.nullable().meta({ description: 'Clients of older revisions of MCP are refused; null: none is' }),
    servers: z.array(z.string()).meta({ description: 'What its namespace offers now; disabled servers are left out' }),
    collisions: z.array(CollisionSchema),
  })
  .meta({ id: 'Endpoint', description: 'A public MCP address and the namespace it offers' });
export type Endpoint = z.infer<typeof EndpointSchema>;

export const ListEndpoints = {
  id: 'listEndpoints',
  method: 'GET',
  path: '/api/v1/endpoints',
  summary: 'Endpoints',
  access: 'endpoint:read',
  query: z.strictObject({ ...PageQueryShape, namespace: z.string().max(200).optional().meta({ description: 'Only those that offer this namespace' }) }),
  answer: z.object({ items: z.array(EndpointSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const EndpointOperations = objectOperations({ path: 'endpoints', id: 'Endpoint', words: 'an endpoint', read: 'endpoint:read', write: 'endpoint:write' }, EndpointSchema);

export const SwitchEndpoint = {
  id: 'switchEndpoint',
  method: 'POST',
  path: '/api/v1/endpoints/{name}/switch',
  summary: 'Lets an endpoint offer another namespace; open sessions see it at once',
  access: 'endpoint:write',
  params: ObjectParams,
  body: z.strictObject({ namespace: z.string().min(1).max(200), reason: z.string().max(1_000).optional() }),
  answer: EndpointSchema,
  status: 200,
  isVersioned: true,
} as const satisfies Operation;
