/** Grants at the authorization servers of MCP servers, as the admin API shows and ends them. No answer holds a token. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

const GrantSchema = z
  .object({
    id: z.string(),
    server: z.string(),
    principal: z.string().meta({ description: 'Who signed in; "service" for the one grant of a whole server' }),
    issuer: z.string(),
    resource: z.string(),
    scopes: z.array(z.string()),
    expiresAt: z.iso.datetime().nullable().meta({ description: 'Of the present access token; it is renewed by itself where the issuer allows that' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Grant', description: 'Consent at an authorization server, without its tokens' });

export const ListGrants = {
  id: 'listGrants',
  method: 'GET',
  path: '/api/v1/grants',
  summary: 'Grants at the authorization servers of servers: all of them, or without the permission for that your own',
  access: 'grant:read',
  answer: z.object({ items: z.array(GrantSchema) }),
  status: 200,
} as const satisfies Operation;

export const BeginGrant = {
  id: 'beginGrant',
  method: 'POST',
  path: '/api/v1/grants',
  summary: 'An address to open in a browser, to sign in to a server for yourself, or for everybody where the server has one grant',
  access: 'grant:begin',
  body: z.strictObject({ server: z.string().min(1).max(200) }),
  answer: z.object({ url: z.string() }),
  status: 201,
} as const satisfies Operation;

export const WithdrawGrant = {
  id: 'withdrawGrant',
  method: 'DELETE',
  path: '/api/v1/grants/{id}',
  summary: 'Ends a grant here at once, and at its issuer where that offers it',
  access: 'grant:withdraw',
  params: z.strictObject({ id: z.string().regex(/^grant_[0-9a-f]{32}$/) }),
  answer: z.object({ id: z.string(), isRevoked: z.boolean().meta({ description: 'The issuer took it back too' }) }),
  status: 200,
} as const satisfies Operation;
