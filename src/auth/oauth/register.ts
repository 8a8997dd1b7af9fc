/**
 * Dynamic client registration (RFC 7591), for clients that know nothing but an address: bounded in size, rate and
 * number, and forgotten after a day unless the client gets tokens. Registering wins nothing: every grant asks a user.
 */
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { newId, type RandomBytes } from '../../base/ids.ts';
import type { OAuthStore } from '../../model/oauth.ts';
import { clientSecretDigest, newClientSecret } from './client-secret.ts';
import { redirectProblem } from './redirect-policy.ts';
import { ENDPOINT_SCOPE } from './resources.ts';

export interface RegisterDeps {
  readonly store: OAuthStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly digestOf: (value: string) => string;
  readonly redirectSchemes: readonly string[];
  /** Registered clients at a time. */
  readonly clientsMax: () => number;
}

/** An answer of RFC 7591 section 3.2. */
export interface RegisterAnswer {
  readonly status: 201 | 400;
  readonly body: Readonly<Record<string, unknown>>;
}

export const REGISTRATION_BYTES_MAX = 16 * 1024;
const UNUSED_MS = 86_400_000;

// Members that we do not know are left out of the answer (section 3.2.1), scopes that we do not have as well.
const RegistrationSchema = z.object({
  redirect_uris: z.array(z.string()).min(1).max(20),
  client_name: z.string().trim().max(200).optional(),
  token_endpoint_auth_method: z.enum(['none', 'client_secret_basic', 'client_secret_post']).default('client_secret_basic'),
  grant_types: z.array(z.string()).max(10).optional(),
  response_types: z.array(z.string()).max(10).optional(),
});

/** Throws `limit.overloaded` where too many clients are registered and none of them has ended. */
export async function register(input: unknown, deps: RegisterDeps): Promise<RegisterAnswer> {
  const parsed = RegistrationSchema.safeParse(input);
  if (!parsed.success) return refusal('invalid_client_metadata', z.prettifyError(parsed.error).slice(0, 500));
  const wanted = parsed.data;
  if (wanted.response_types !== undefined && !wanted.response_types.includes('code'))
    return refusal('invalid_client_metadata', 'response_types must have code');
  if (wanted.grant_types !== undefined && !wanted.grant_types.includes('authorization_code'))
    return refusal('invalid_client_metadata', 'grant_types must have authorization_code');
  for (const uri of wanted.redirect_uris) {
    const problem = redirectProblem(uri, deps.redirectSchemes);
    if (problem !== undefined) return refusal('invalid_redirect_uri', `a redirect cannot be allowed: ${problem}`);
  }
  return { status: 201, body: await store(wanted, deps) };
}

async function store(
  wanted: z.infer<typeof RegistrationSchema>,
  { store: clients, clock, random, digestOf, clientsMax }: RegisterDeps,
): Promise<Readonly<Record<string, unknown>>> {
  const nowMs = clock.nowMs();
  if ((await clients.countClients()) >= clientsMax()) {
    await clients.sweep(nowMs);
    if ((await clients.countClients()) >= clientsMax()) throw new Fault('limit.overloaded', { reason: 'too_many_clients', retryAfterSeconds: 3_600 });
  }
  const id = newId('client', clock, random);
  const secret = wanted.token_endpoint_auth_method === 'none' ? undefined : newClientSecret(random);
  const described = {
    client_name: wanted.client_name ?? id,
    redirect_uris: wanted.redirect_uris,
    token_endpoint_auth_method: wanted.token_endpoint_auth_method,
  };
  const metadata = secret === undefined ? described : { ...described, client_secret: clientSecretDigest(secret, digestOf) };
  await clients.saveClient({ id, metadata, createdAtMs: nowMs, expiresAtMs: nowMs + UNUSED_MS });
  return {
    client_id: id,
    client_id_issued_at: Math.floor(nowMs / 1_000),
    ...described,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: ENDPOINT_SCOPE,
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
  };
}

function refusal(error: string, description: string): RegisterAnswer {
  return { status: 400, body: { error, error_description: description } };
}
