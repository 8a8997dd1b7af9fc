/** Traffic: what clients ask, as it happens and as it was. */
import { z } from 'zod';
import { nextCursor } from './objects.ts';
import type { Operation } from './operation.ts';
import { RecordFilterShape, RequestShape, recordCursor } from './records.ts';

export const TrafficCallSchema = z
  .object({ id: z.string(), ...RequestShape })
  .meta({ id: 'TrafficCall', description: 'One request of a client with its outcome' });
export type TrafficCall = z.infer<typeof TrafficCallSchema>;

const filter = {
  ...RecordFilterShape,
  calls: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .meta({ description: 'true: only what goes to servers, no lists and handshakes' }),
} as const;

export const ListTraffic = {
  id: 'listTraffic',
  method: 'GET',
  path: '/api/v1/traffic',
  summary: 'Requests of MCP clients, newest first; who may not see all sees their own',
  access: 'traffic:read',
  query: z.strictObject({ ...filter, cursor: recordCursor, limit: z.coerce.number().int().min(1).max(500).default(100) }),
  answer: z.object({ items: z.array(TrafficCallSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const PayloadSchema = z
  .object({
    text: z.string().meta({ description: 'JSON, as far as it was kept; what looked like a secret is masked' }),
    isCut: z.boolean().meta({ description: 'Longer than what is kept' }),
    redactions: z.int().meta({ description: 'So many secrets were masked' }),
  })
  .meta({ id: 'RecordedPayload' });

export const TrafficDetailSchema = TrafficCallSchema.extend({
  stages: z
    .array(z.object({ name: z.string().meta({ description: 'received, decided, server, answered' }), startMs: z.number(), durationMs: z.number() }))
    .meta({ description: 'One after the other, from the moment it was received' }),
  arguments: PayloadSchema.nullable().meta({ description: 'null: none, not kept, or no longer kept' }),
  result: PayloadSchema.nullable(),
  argumentsDigest: z.string().nullable(),
  resultDigest: z.string().nullable(),
  records: z.array(z.int()).meta({ description: 'Positions in the audit record' }),
}).meta({ id: 'TrafficDetail' });

export const GetTrafficCall = {
  id: 'getTrafficCall',
  method: 'GET',
  path: '/api/v1/traffic/{id}',
  summary: 'One request with its stages, arguments, result and decision',
  access: 'traffic:read',
  params: z.strictObject({ id: z.string().min(1).max(200) }),
  answer: TrafficDetailSchema,
  status: 200,
} as const satisfies Operation;

export const WatchTraffic = {
  id: 'watchTraffic',
  method: 'GET',
  path: '/api/v1/traffic/live',
  summary: 'Server-sent events: `call` with a TrafficCall as each request ends, `gap` with {missed} where a reader was too slow',
  access: 'traffic:read',
  query: z.strictObject(filter),
  answer: z.string(),
  status: 200,
  stream: ['text/event-stream'],
} as const satisfies Operation;
