/** What anyone may ask: is the process alive, is it ready, what does the API look like. No names are in the answers. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

/** Probes like to add something against caches. */
const AnyQuery = z.object({});

export const GetHealth = {
  id: 'getHealth',
  method: 'GET',
  path: '/health',
  summary: 'Liveness: the process answers',
  access: 'public',
  query: AnyQuery,
  answer: z.object({ status: z.literal('ok') }),
  status: 200,
} as const satisfies Operation;

export const ReadinessSchema = z.object({
  status: z.enum(['ready', 'not_ready']),
  store: z.enum(['ok', 'failed']),
  servers: z.enum(['ok', 'connecting', 'failed']).meta({ description: 'The worst of the required servers' }),
  load: z.enum(['ok', 'busy']).meta({ description: 'busy: new requests are refused for want of time, memory or sight of the store' }),
});
export type Readiness = z.infer<typeof ReadinessSchema>;

export const GetReady = {
  id: 'getReady',
  method: 'GET',
  path: '/ready',
  summary: 'Readiness: the store answers, the required servers are connected and requests are taken; 503 otherwise',
  access: 'public',
  query: AnyQuery,
  answer: ReadinessSchema,
  status: 200,
  isUnavailable: (answer) => ReadinessSchema.parse(answer).status === 'not_ready',
} as const satisfies Operation;

export const GetOpenApi = {
  id: 'getOpenApi',
  method: 'GET',
  path: '/api/v1/openapi.json',
  summary: 'This API as OpenAPI 3.1',
  access: 'public',
  query: AnyQuery,
  answer: z.looseObject({ openapi: z.literal('3.1.0') }),
  status: 200,
} as const satisfies Operation;
