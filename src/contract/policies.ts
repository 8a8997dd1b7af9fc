/** Policies in the admin API. */
import { z } from 'zod';
import { nextCursor, objectOperations, ObjectShape, PageQueryShape } from './objects.ts';
import type { Operation } from './operation.ts';

export const PolicySchema = z
  .object({ ...ObjectShape, usedBy: z.array(z.string()).meta({ description: 'Namespaces that name it' }) })
  .meta({ id: 'Policy', description: 'Rules that namespaces name: who may do what' });
export type Policy = z.infer<typeof PolicySchema>;

export const ListPolicies = {
  id: 'listPolicies',
  method: 'GET',
  path: '/api/v1/policies',
  summary: 'Policies',
  access: 'policy:read',
  query: z.strictObject(PageQueryShape),
  answer: z.object({ items: z.array(PolicySchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const PolicyOperations = objectOperations({ path: 'policies', id: 'Policy', words: 'a policy', read: 'policy:read', write: 'policy:write' }, PolicySchema);
