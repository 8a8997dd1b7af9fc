/** What calls cost, and the prices behind it. */
import { z } from 'zod';
import { nextCursor, ObjectShape, objectOperations, PageQueryShape } from './objects.ts';
import type { Operation } from './operation.ts';

export const COST_GROUPS = ['day', 'principal', 'endpoint', 'server', 'tool'] as const;

const GroupsSchema = z
  .string()
  .max(100)
  .default('day')
  .transform((text) => text.split(',').filter((part) => part !== ''))
  .pipe(z.array(z.enum(COST_GROUPS)).min(1).max(COST_GROUPS.length))
  .meta({ description: `Any of ${COST_GROUPS.join(', ')}, with commas between` });

const SUMS = {
  calls: z.int(),
  errors: z.int(),
  bytesIn: z.int(),
  bytesOut: z.int(),
  tokens: z.int().meta({ description: 'Estimated, of arguments and results' }),
  catalogTokens: z.int().meta({ description: 'Estimated, of lists that were served: what the catalogue costs the client' }),
  cost: z.number(),
} as const;

const day = z.iso.date().optional();

export const GetCosts = {
  id: 'getCosts',
  method: 'GET',
  path: '/api/v1/costs',
  summary: 'The ledger: calls, bytes, tokens and money by day, principal, endpoint, server or tool; who may not see all sees their own',
  access: 'traffic:read',
  query: z.strictObject({
    groupBy: GroupsSchema,
    from: day.meta({ description: 'First day, UTC' }),
    to: day.meta({ description: 'Last day, UTC' }),
    principal: z.string().max(1_000).optional(),
    endpoint: z.string().max(200).optional(),
    server: z.string().max(200).optional(),
    tool: z.string().max(1_000).optional(),
    limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
  }),
  answer: z.object({
    items: z.array(
      z
        .object({
          day: z.string().nullable(),
          principal: z.string().nullable(),
          endpoint: z.string().nullable(),
          server: z.string().nullable(),
          tool: z.string().nullable(),
          ...SUMS,
        })
        .meta({ id: 'CostRow', description: 'Groups that were not asked for are null' }),
    ),
    total: z.object(SUMS),
  }),
  status: 200,
} as const satisfies Operation;

export const PriceSchema = z.object(ObjectShape).meta({ id: 'Price', description: 'What calls of a server or tool cost' });

export const ListPrices = {
  id: 'listPrices',
  method: 'GET',
  path: '/api/v1/prices',
  summary: 'Prices',
  access: 'price:read',
  query: z.strictObject(PageQueryShape),
  answer: z.object({ items: z.array(PriceSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const PriceOperations = objectOperations({ path: 'prices', id: 'Price', words: 'a price', read: 'price:read', write: 'price:write' }, PriceSchema);
