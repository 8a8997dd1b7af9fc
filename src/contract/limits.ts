/** Limits of the instance, and what is used of every limit, in the admin API. */
import { z } from 'zod';
import { BUDGET_UNITS } from '../model/limit.ts';
import { nextCursor, objectOperations, ObjectShape, PageQueryShape } from './objects.ts';
import type { Operation } from './operation.ts';

export const LimitSchema = z.object({ ...ObjectShape }).meta({ id: 'Limit', description: 'A limit that holds at every endpoint' });
export type Limit = z.infer<typeof LimitSchema>;

export const ListLimits = {
  id: 'listLimits',
  method: 'GET',
  path: '/api/v1/limits',
  summary: 'Limits of the instance; those of one endpoint or namespace are part of it',
  access: 'limit:read',
  query: z.strictObject(PageQueryShape),
  answer: z.object({ items: z.array(LimitSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const LimitOperations = objectOperations({ path: 'limits', id: 'Limit', words: 'a limit of the instance', read: 'limit:read', write: 'limit:write' }, LimitSchema);

const UseSchema = z
  .object({
    limit: z.string().meta({ description: 'endpoint:NAME#n, namespace:NAME#n or limit:NAME' }),
    kind: z.enum(['rate', 'concurrency', 'budget']),
    scope: z.enum(['endpoint', 'client', 'tool', 'server']),
    subject: z.string().meta({ description: 'The endpoint, tool or server that is counted; empty where there is only one' }),
    identity: z.string().meta({ description: 'Whom it counts; empty: everybody' }),
    unit: z.enum(BUDGET_UNITS),
    used: z.number(),
    max: z.number(),
    waiting: z.int().meta({ description: 'Calls that wait for their turn' }),
    resetsAt: z.iso.datetime().nullable().meta({ description: 'When all of it is there again' }),
  })
  .meta({ id: 'LimitUse', description: 'One counter of a limit, now' });

export const ListLimitUsage = {
  id: 'listLimitUsage',
  method: 'GET',
  path: '/api/v1/limit-usage',
  summary: 'What is used of every limit and budget, now',
  access: 'limit:read',
  query: z.strictObject({ limit: z.string().max(300).optional().meta({ description: 'Only of this limit' }) }),
  answer: z.object({ store: z.enum(['memory', 'shared', 'fallback']).meta({ description: 'fallback: the shared store is down' }), items: z.array(UseSchema) }),
  status: 200,
} as const satisfies Operation;
export type LimitUsage = z.infer<typeof ListLimitUsage.answer>;

export const ResetLimit = {
  id: 'resetLimit',
  method: 'POST',
  path: '/api/v1/limit-usage/reset',
  summary: 'Counters of a limit begin afresh: all of them, or one',
  access: 'limit:write',
  body: z.strictObject({
    limit: z.string().min(1).max(300),
    counter: z.strictObject({ subject: z.string().max(1_000), identity: z.string().max(1_000) }).optional(),
  }),
  answer: z.object({ limit: z.string() }),
  status: 200,
} as const satisfies Operation;
