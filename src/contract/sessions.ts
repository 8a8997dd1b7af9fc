/** Open sessions of MCP clients. Requests of clients from 2026-07-28 on need none. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

export const SessionSchema = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    principal: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    revision: z.string(),
    client: z.string().nullable().meta({ description: 'Name and version that the client gave' }),
    openedAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime(),
    inFlight: z.int().meta({ description: 'Requests that wait for their answer now' }),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof SessionSchema>;

export const ListSessions = {
  id: 'listSessions',
  method: 'GET',
  path: '/api/v1/sessions',
  summary: 'Open sessions, oldest first',
  access: 'session:read',
  query: z.strictObject({ endpoint: z.string().max(200).optional() }),
  answer: z.object({ items: z.array(SessionSchema) }),
  status: 200,
} as const satisfies Operation;

export const EndSession = {
  id: 'endSession',
  method: 'DELETE',
  path: '/api/v1/sessions/{id}',
  summary: 'Ends a session: its calls are cancelled, its streams closed',
  access: 'session:end',
  params: z.strictObject({ id: z.string().min(1).max(200) }),
  answer: SessionSchema,
  status: 200,
} as const satisfies Operation;
