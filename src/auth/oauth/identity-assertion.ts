/**
 * Identity assertions of an enterprise's identity provider (ID-JAG): what a client shows in place of a user's consent
 * (MCP extension "Enterprise-Managed Authorization"; draft-ietf-oauth-identity-assertion-authz-grant, 4.4.1).
 */
import { decodeJwt, errors as joseErrors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../base/clock.ts';
import type { FindIssuerKey } from './issuer-keys.ts';

export interface AssertionRules {
  /** Identity providers that are believed, exactly as in `iss`. */
  readonly assertionIssuers: readonly string[];
  readonly clock: Clock;
  readonly findKey: FindIssuerKey;
}

export interface IdentityAssertion {
  readonly issuer: string;
  readonly subject: string;
  /** The client that it was made for. */
  readonly clientId: string;
  /** Undefined: the request says for what. */
  readonly resource: string | undefined;
  /** Undefined: it does not say. */
  readonly scopes: readonly string[] | undefined;
  /** Unique at its issuer. */
  readonly id: string;
  /** Wall clock. */
  readonly expiresAtMs: number;
}

/** Its type, which no ID token and no access token has. */
const TYPE = 'oauth-id-jag+jwt';
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CHARS_MAX = 8_192;
const SKEW_SECONDS = 60;
const AGE_MAX = '1h';

/** Undefined for what is no valid assertion for us, whatever the reason. Rejects with `auth.issuer_unavailable` where that cannot be told. `audience` is our issuer. */
export async function readAssertion(text: string, audience: string, { assertionIssuers, clock, findKey }: AssertionRules): Promise<IdentityAssertion | undefined> {
  if (text.length > CHARS_MAX) return undefined;
  try {
    // Nobody's keys are fetched but those of who is believed.
    const issuer = decodeJwt(text).iss;
    if (issuer === undefined || !assertionIssuers.includes(issuer)) return undefined;
    const rule = { issuer, audience, jwksUri: undefined, algorithms: ALGORITHMS, scopes: [], groupsClaim: 'groups', groups: [] };
    const { payload } = await jwtVerify(text, (header) => findKey(rule, header), {
      typ: TYPE,
      algorithms: ALGORITHMS,
      issuer,
      audience,
      clockTolerance: SKEW_SECONDS,
      maxTokenAge: AGE_MAX,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
    });
    return toAssertion(issuer, payload);
  } catch (thrown) {
    // A key that does not fit its algorithm is a TypeError of the library.
    if (thrown instanceof joseErrors.JOSEError || thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

function toAssertion(issuer: string, { sub, jti, exp, aud, client_id: clientId, resource, scope }: JWTPayload): IdentityAssertion | undefined {
  const isForUsAlone = typeof aud === 'string' || aud?.length === 1;
  const isWhole = isText(sub) && isText(jti) && isText(clientId) && (resource === undefined || isText(resource)) && (scope === undefined || typeof scope === 'string');
  if (!isForUsAlone || !isWhole) return undefined;
  const scopes = scope?.split(' ').filter((word) => word !== '');
  return { issuer, subject: sub, clientId, resource, scopes, id: jti, expiresAtMs: ((exp ?? 0) + SKEW_SECONDS) * 1_000 };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
