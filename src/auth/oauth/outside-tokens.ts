/**
 * Access tokens of outside issuers: JWTs, verified here (RFC 9068; specification, authorization, "Token Handling").
 * A token that was good is remembered by its digest until it ends, at most a minute: keys are taken back rarely.
 */
import { createHash } from 'node:crypto';
import { type JWTPayload, errors as joseErrors, jwtVerify } from 'jose';
import type { Clock } from '../../base/clock.ts';
import type { JwtRule } from '../../model/endpoint.ts';
import type { FindIssuerKey } from './issuer-keys.ts';
import type { TokenGrant } from './token-grant.ts';

export interface OutsideTokensDeps {
  readonly clock: Clock;
  readonly findKey: FindIssuerKey;
}

/** Undefined for a token that is not valid there. Rejects with `auth.issuer_unavailable` where that cannot be told. `resource` is the endpoint's canonical URI. */
export type VerifyOutsideToken = (token: string, rule: JwtRule, resource: string) => TokenGrant | undefined | Promise<TokenGrant | undefined>;

const SKEW_SECONDS = 60;
const TOKEN_CHARS_MAX = 8_192;
const REMEMBERED_MS = 60_000;
const REMEMBERED_MAX = 10_000;
const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** An access token says so, or says nothing (RFC 9068 section 2.1). */
const TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt']);

export function createOutsideTokens({ clock, findKey }: OutsideTokensDeps): VerifyOutsideToken {
  const known = new Map<string, { readonly grant: TokenGrant; readonly untilMs: number }>();

  const verify = async (
    token: string,
    rule: JwtRule,
    { resource, digest }: { readonly resource: string; readonly digest: string },
  ): Promise<TokenGrant | undefined> => {
    const payload = await readToken(token, rule, { resource, clock, findKey });
    if (payload?.sub === undefined || payload.exp === undefined) return undefined;
    const grant = toGrant(payload.sub, payload, rule);
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(digest, { grant, untilMs: clock.monotonicMs() + Math.min(REMEMBERED_MS, grant.expiresAtMs - clock.nowMs()) });
    return grant;
  };

  return (token, rule, resource) => {
    if (token.length > TOKEN_CHARS_MAX || !SHAPE.test(token)) return undefined;
    const digest = createHash('sha256')
      .update(`${JSON.stringify(rule)}\n${resource}\n${token}`)
      .digest('base64url');
    const remembered = known.get(digest);
    if (remembered !== undefined && clock.monotonicMs() < remembered.untilMs && clock.nowMs() < remembered.grant.expiresAtMs) return remembered.grant;
    return verify(token, rule, { resource, digest });
  };
}

async function readToken(
  token: string,
  rule: JwtRule,
  { resource, clock, findKey }: OutsideTokensDeps & { readonly resource: string },
): Promise<JWTPayload | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, (header) => findKey(rule, header), {
      algorithms: [...rule.algorithms],
      issuer: rule.issuer,
      audience: rule.audience ?? resource,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ['exp', 'sub', 'aud', 'iss'],
    });
    return TYPES.has(protectedHeader.typ?.toLowerCase()) ? payload : undefined;
  } catch (thrown) {
    if (thrown instanceof joseErrors.JOSEError) return undefined;
    // A key that does not fit its algorithm is a TypeError of the library: the token is not valid.
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

function toGrant(subject: string, payload: JWTPayload, rule: JwtRule): TokenGrant {
  const issuer = createHash('sha256').update(rule.issuer).digest('hex').slice(0, 16);
  const clientId = text(payload['client_id']) ?? text(payload['azp']);
  const groups = payload[rule.groupsClaim];
  return {
    principalId: `jwt:${issuer}:${subject}`,
    credentialId: `jwt:${issuer}:${subject}:${clientId ?? ''}`,
    name: text(payload['name']) ?? text(payload['preferred_username']) ?? subject,
    roles: [],
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    clientId,
    scopes: scopesOf(payload),
    expiresAtMs: ((payload.exp ?? 0) + SKEW_SECONDS) * 1_000,
  };
}

/** `scope` of RFC 9068, or `scp` as Entra and Okta write it. */
function scopesOf(payload: JWTPayload): string[] {
  const value = payload['scope'] ?? payload['scp'];
  if (Array.isArray(value)) return value.filter((scope) => typeof scope === 'string');
  return (text(value) ?? '').split(' ').filter((scope) => scope !== '');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
