/** An endpoint as it is written in the configuration. */
import { z } from 'zod';
import { REVISIONS } from '../protocol/messages.ts';
import { GivenLabelsSchema } from './key-config.ts';
import { DiscoveryConfigSchema, ToolRuleSchema } from './discovery-config.ts';
import { LimitConfigSchema } from './limit-config.ts';

/** Never `none`, never a shared secret: whoever can verify such a token could make one. */
const JWT_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;

const httpUrl = z.string().refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), 'expected an absolute http or https address');

const JwtConfigSchema = z.strictObject({
  issuer: httpUrl.describe('The outside issuer, exactly as in the iss of its tokens.'),
  audience: z.string().min(1).optional().describe('What aud must contain; without it the address of the endpoint.'),
  jwksUri: httpUrl.optional().describe('Where its keys are; without it as its discovery document says.'),
  algorithms: z.array(z.enum(JWT_ALGORITHMS)).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']).describe('Signatures that count.'),
  scopes: z.array(z.string().min(1)).default([]).describe('Scopes that a token must have, all of them.'),
  groupsClaim: z.string().min(1).default('groups').describe('The claim that lists the groups of the user.'),
  groups: z.array(z.string().min(1)).default([]).describe('Whoever is in one of them may use the endpoint; empty: everyone with a valid token.'),
});

const SignInConfigSchema = z.strictObject({
  signIn: z.enum(['any', 'oidc']).default('any').describe('oidc: only through the configured OpenID provider.'),
  groups: z.array(z.string().min(1)).default([]).describe('Whoever is in one of them may use the endpoint; empty: everyone who can sign in.'),
});

/** Revisions of MCP that clients may speak here. */
export const RevisionSchema = z.enum(REVISIONS);

const RevisionRuleSchema = z.strictObject({
  from: RevisionSchema.describe('The oldest revision of MCP that is accepted; clients of older ones are refused.'),
});

const ClientLabelsSchema = z.strictObject({
  client: z.string().min(1).max(1_000).describe('Id of the OAuth client, with * for any characters: for clients that are described by a document its address.'),
  labels: GivenLabelsSchema,
});

/** What an endpoint accepts. */
export const EndpointAuthSchema = z.strictObject({
  apiKey: z.boolean().default(true).describe('API keys are accepted.'),
  oauth: z.union([z.boolean(), SignInConfigSchema]).default(false).describe('Access tokens of this gateway are accepted: clients sign in by themselves.'),
  jwt: JwtConfigSchema.optional().describe('Access tokens of an outside issuer are accepted.'),
  query: z.boolean().default(false).describe('?api_key= is accepted too.'),
  clients: z.array(ClientLabelsSchema).min(1).max(1_000).optional().describe('What policies and limits know OAuth clients by; the first that fits counts.'),
});

export const EndpointConfigSchema = z.strictObject({
  namespace: z.string().describe('Name of the namespace that is offered.'),
  auth: EndpointAuthSchema.default({ apiKey: true, oauth: false, query: false }).describe('Nothing of it: open to everyone who reaches the port.'),
  limits: z.array(LimitConfigSchema).max(1_000).default([]).describe('How often, how many at a time and how much, here.'),
  discovery: DiscoveryConfigSchema,
  revisions: RevisionRuleSchema.optional().describe('Which revisions of MCP are spoken; without it all that the gateway knows.'),
  tools: ToolRuleSchema.optional(),
});

export type EndpointConfig = z.infer<typeof EndpointConfigSchema>;
