/** Figures of the traffic, for the first page. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

const LatencySchema = z
  .object({ p50: z.number(), p90: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
  .meta({ id: 'Latency', description: 'Milliseconds; from buckets that are at most a sixteenth wide' });

const FIGURES = {
  calls: z.int(),
  errors: z.int().meta({ description: 'Outcomes other than ok' }),
  denied: z.int().meta({ description: 'Refused by policy or limits' }),
  latencyMs: LatencySchema.nullable().meta({ description: 'null where there were no calls' }),
} as const;

export const GetStats = {
  id: 'getStats',
  method: 'GET',
  path: '/api/v1/stats',
  summary: 'Calls, errors, latency, busiest tools, unhealthy servers, context cost; who may not see all sees their own',
  access: 'traffic:read',
  query: z.strictObject({ window: z.enum(['hour', 'day']).default('hour'), top: z.coerce.number().int().min(1).max(100).default(10) }),
  answer: z.object({
    window: z.enum(['hour', 'day']),
    since: z.iso.datetime(),
    ...FIGURES,
    errorRate: z.number().meta({ description: '0 to 1' }),
    bytesIn: z.int(),
    bytesOut: z.int(),
    tokens: z.int(),
    cost: z.number(),
    series: z
      .array(z.object({ at: z.iso.datetime(), calls: z.int(), errors: z.int(), p50: z.number().nullable(), p95: z.number().nullable() }))
      .meta({ description: 'hour: a minute each; day: an hour each; oldest first, without gaps' }),
    tools: z.array(z.object({ server: z.string(), tool: z.string(), ...FIGURES })).meta({ description: 'Busiest first' }),
    servers: z.array(z.object({ server: z.string(), ...FIGURES })),
    endpoints: z.array(z.object({ endpoint: z.string(), ...FIGURES })),
    unhealthy: z
      .array(z.object({ server: z.string(), status: z.string(), lastError: z.string().nullable() }))
      .meta({ description: 'Servers that are neither ready nor switched off' }),
    contextCost: z
      .array(
        z.object({
          endpoint: z.string(),
          tokens: z.int().meta({ description: 'Estimated, of the list of tools as last served' }),
          bytes: z.int(),
          servedAt: z.iso.datetime(),
        }),
      )
      .meta({ description: 'What the catalogue costs each client that lists it' }),
    recording: z
      .object({
        mode: z.enum(['buffered', 'strict']),
        queued: z.int(),
        lost: z.int().meta({ description: 'Records that could not be kept since the start' }),
        lastError: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'null for who may not see all' }),
  }),
  status: 200,
} as const satisfies Operation;
