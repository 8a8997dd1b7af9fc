/** What servers offer, and what namespaces make of it, in the admin API. Texts are the servers': data, never markup. */
import { z } from 'zod';
import { CollisionSchema } from './endpoints.ts';
import { ObjectParams } from './objects.ts';
import type { Operation } from './operation.ts';

const kind = z.enum(['tool', 'prompt', 'resource', 'resourceTemplate']);
const DefinitionSchema = z.record(z.string(), z.unknown());

export const GetServerCatalog = {
  id: 'getServerCatalog',
  method: 'GET',
  path: '/api/v1/servers/{name}/catalog',
  summary: 'What a server offers, under its own names',
  access: 'server:read',
  params: ObjectParams,
  answer: z.object({
    isKnown: z.boolean().meta({ description: 'False: it told nothing yet' }),
    isStale: z.boolean().meta({ description: 'The server is gone; this is what it last said' }),
    items: z.array(z.object({ kind, own: z.string().meta({ description: 'Name, URI or URI template' }), definition: DefinitionSchema })),
  }),
  status: 200,
} as const satisfies Operation;

export const PrimitiveSchema = z
  .object({
    kind,
    server: z.string(),
    as: z.string().meta({ description: 'The name of the server in this namespace' }),
    own: z.string().meta({ description: 'Name, URI or URI template at the server' }),
    key: z.string().meta({ description: '{as}__{own}: the name of its override' }),
    exposed: z.string().nullable().meta({ description: 'What clients call it; null where they do not see it' }),
    isEnabled: z.boolean(),
    overridden: z.array(z.string()).meta({ description: 'Fields that the namespace changes' }),
    definition: DefinitionSchema.nullable().meta({ description: 'As clients see it; null where they do not' }),
    original: DefinitionSchema.meta({ description: 'As the server says it' }),
  })
  .meta({ id: 'Primitive', description: 'A tool, prompt, resource or template of a server in a namespace' });
export type Primitive = z.infer<typeof PrimitiveSchema>;

export const GetNamespaceCatalog = {
  id: 'getNamespaceCatalog',
  method: 'GET',
  path: '/api/v1/namespaces/{name}/catalog',
  summary: 'Everything the servers of a namespace offer, and what clients see of it',
  access: 'namespace:read',
  params: ObjectParams,
  answer: z.object({
    items: z.array(PrimitiveSchema),
    collisions: z.array(CollisionSchema),
    silent: z.array(z.string()).meta({ description: 'Servers that told nothing yet' }),
  }),
  status: 200,
} as const satisfies Operation;
