/** `auth` and `forwardHeaders` of a server as they are written in the configuration. */
import { z } from 'zod';
import type { ServerAuth } from './server-auth.ts';

const text = z.string().min(1).max(16_384);
/** RFC 6749 section 3.3. */
const scopes = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected one scope without spaces'))
  .min(1)
  .max(100)
  .optional()
  .describe('Scopes to ask for; without them those that the server names.');
const issuer = z
  .string()
  .refine((url) => {
    const parsed = URL.parse(url);
    return parsed !== null && (parsed.protocol === 'https:' || parsed.protocol === 'http:') && parsed.search === '' && parsed.hash === '';
  }, 'expected the absolute address of an authorization server')
  .optional()
  .describe('The only authorization server that may be used; without it the one that the server names.');

const OAuthSchema = z.strictObject({
  type: z.literal('oauth'),
  grant: z.enum(['service', 'user']).default('service').describe('service: one sign-in by an operator serves everybody; user: everybody signs in.'),
  scopes,
  issuer,
  clientId: text.optional().describe('A client registered beforehand, or the https address of a client metadata document.'),
  clientSecret: text.optional(),
});
const ClientCredentialsSchema = z.strictObject({
  type: z.literal('client-credentials'),
  scopes,
  issuer,
  clientId: text,
  clientSecret: text.optional(),
  privateKey: text.optional().describe('PKCS #8 PEM: private_key_jwt instead of a secret.'),
  algorithm: z.enum(['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA']).default('ES256'),
});
const TokenExchangeSchema = z.strictObject({
  type: z.literal('token-exchange'),
  scopes,
  issuer,
  clientId: text,
  clientSecret: text.optional(),
  audience: text.optional(),
});

export const ServerAuthSchema = z
  .discriminatedUnion('type', [OAuthSchema, ClientCredentialsSchema, TokenExchangeSchema])
  .refine((auth) => auth.type !== 'client-credentials' || (auth.clientSecret === undefined) !== (auth.privateKey === undefined), 'expected either clientSecret or privateKey')
  .refine((auth) => auth.type !== 'oauth' || auth.clientSecret === undefined || auth.clientId !== undefined, 'expected clientId beside clientSecret')
  .describe('http, sse: how the gateway proves itself to the server.');

export type ServerAuthConfig = z.infer<typeof ServerAuthSchema>;

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What frames a request, belongs to the protocol, or says where a request came from: never a client's to set (SF-11). */
const NEVER_FORWARDED = /^(?:host|cookie|set-cookie|connection|keep-alive|upgrade|te|trailer|transfer-encoding|content-.*|expect|accept|accept-encoding|forwarded|via|x-forwarded-.*|x-real-ip|x-metamcp-.*|proxy-.*|origin|referer|mcp-.*|last-event-id|x-api-key|sec-.*)$/;
const FORWARDED_MAX = 50;

export const ForwardHeadersSchema = z
  .record(z.string().regex(HEADER_NAME, 'expected the name of an HTTP header'), z.string().regex(HEADER_NAME, 'expected the name of an HTTP header'))
  .superRefine((headers, context) => {
    const entries = Object.entries(headers);
    if (entries.length > FORWARDED_MAX) context.addIssue({ code: 'custom', message: `expected at most ${FORWARDED_MAX} headers` });
    for (const [from, to] of entries) {
      if (NEVER_FORWARDED.test(from.toLowerCase()) || NEVER_FORWARDED.test(to.toLowerCase())) context.addIssue({ code: 'custom', path: [from], message: 'expected a header that may be forwarded' });
    }
  })
  .describe("http, sse: headers of the client's request that the server gets, by the name it gets them under. Authorization only where it is named here.");

/** With every member there, for the snapshot. */
export function toServerAuth(config: ServerAuthConfig): ServerAuth {
  const { scopes: wanted, issuer: only, clientSecret } = config;
  const common = { scopes: wanted, issuer: only, clientSecret };
  if (config.type === 'oauth') return { ...common, type: 'oauth', grant: config.grant, clientId: config.clientId };
  if (config.type === 'client-credentials') return { ...common, type: 'client-credentials', clientId: config.clientId, privateKey: config.privateKey, algorithm: config.algorithm };
  return { ...common, type: 'token-exchange', clientId: config.clientId, audience: config.audience };
}
