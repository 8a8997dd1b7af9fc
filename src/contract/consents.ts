/** What users allowed OAuth clients to do here, as the admin API shows and takes it back. No answer holds a token. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

const ConsentSchema = z
  .object({
    id: z.string(),
    user: z.string().meta({ description: 'Id of the user who gave it' }),
    client: z.object({ id: z.string(), name: z.string() }),
    resources: z.array(z.string()).meta({ description: 'Addresses of the endpoints that it opens' }),
    expiresAt: z.iso.datetime().meta({ description: 'Unless the client uses it before' }),
  })
  .meta({ id: 'Consent', description: 'What a user allowed an MCP client' });

export const ListConsents = {
  id: 'listConsents',
  method: 'GET',
  path: '/api/v1/consents',
  summary: 'Which MCP clients may act for whom: your own; with the permission for what is private, everybody’s',
  access: 'self:read',
  query: z.strictObject({ user: z.string().max(200).optional().meta({ description: 'me, or the id of a user' }) }),
  answer: z.object({ items: z.array(ConsentSchema) }),
  status: 200,
} as const satisfies Operation;

export const WithdrawConsent = {
  id: 'withdrawConsent',
  method: 'DELETE',
  path: '/api/v1/consents/{id}',
  summary: 'Takes a consent back: its tokens, sessions and streams end at once. Others’ with the permission to change users',
  access: 'self:write',
  params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{32,128}$/) }),
  answer: ConsentSchema,
  status: 200,
} as const satisfies Operation;
