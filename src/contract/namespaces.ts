/** Namespaces in the admin API. */
import { z } from 'zod';
import { nextCursor, ObjectParams, objectOperations, ObjectShape, PageQueryShape } from './objects.ts';
import type { Operation } from './operation.ts';

export const NamespaceSchema = z
  .object({
    ...ObjectShape,
    description: z.string(),
    servers: z.array(z.string()).meta({ description: 'Names of its servers, in the order that decides collisions' }),
    usedBy: z.array(z.string()).meta({ description: 'Endpoints that offer it' }),
  })
  .meta({ id: 'Namespace', description: 'A named set of servers, and what of each is offered under which names' });
export type Namespace = z.infer<typeof NamespaceSchema>;

export const ListNamespaces = {
  id: 'listNamespaces',
  method: 'GET',
  path: '/api/v1/namespaces',
  summary: 'Namespaces',
  access: 'namespace:read',
  query: z.strictObject({ ...PageQueryShape, server: z.string().max(200).optional().meta({ description: 'Only those that offer this server' }) }),
  answer: z.object({ items: z.array(NamespaceSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const NamespaceOperations = objectOperations({ path: 'namespaces', id: 'Namespace', words: 'a namespace', read: 'namespace:read', write: 'namespace:write' }, NamespaceSchema);

export const CloneNamespace = {
  id: 'cloneNamespace',
  method: 'POST',
  path: '/api/v1/namespaces/{name}/clone',
  summary: 'Makes a namespace with the same servers and overrides under another name',
  access: 'namespace:write',
  params: ObjectParams,
  body: z.strictObject({ name: z.string().min(1).max(200), visibility: z.enum(['public', 'private']).optional() }),
  answer: NamespaceSchema,
  status: 201,
  isVersioned: true,
  isIdempotent: true,
} as const satisfies Operation;

export const SwitchPrimitives = {
  id: 'switchPrimitives',
  method: 'POST',
  path: '/api/v1/namespaces/{name}/primitives',
  summary: 'Turns many tools, prompts or resources of a namespace on or off at once',
  access: 'namespace:write',
  params: ObjectParams,
  body: z.strictObject({
    kind: z.enum(['tools', 'prompts', 'resources']),
    names: z.array(z.string().min(1).max(2_000)).min(1).max(2_000).meta({ description: '{server}__{own name} of each, whatever its exposed name' }),
    enabled: z.boolean(),
    reason: z.string().max(1_000).optional(),
  }),
  answer: NamespaceSchema,
  status: 200,
  isVersioned: true,
} as const satisfies Operation;
