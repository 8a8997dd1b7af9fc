/**
 * Sign-in at an identity provider by OpenID Connect: authorization code with PKCE S256 (RFC 7636), `state`, `nonce`, the
 * exact issuer (Core section 3.1.3.7, RFC 9207), and a signature that is checked against the provider's keys.
 *
 * What the provider says about itself is read when it is first needed and again every hour; a provider that is down when
 * we start, or goes away in between, is asked anew at the next sign-in.
 */
import * as client from 'openid-client';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { Claims } from './provider-claims.ts';

export interface IdentityProviderOptions {
  /** In addresses and the UI. */
  readonly id: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** The issuer, or its `/.well-known/openid-configuration`. */
  readonly discoveryUrl: string;
  /** Where it is not what the discovery address says: a provider that is reached under an inner name. */
  readonly issuer: string | undefined;
  readonly scopes: string;
  readonly usesPkce: boolean;
}

/** Goes through the dialer. */
export type WebFetch = (url: string, request: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body: string | undefined }) => Promise<Response>;

export interface IdentityProviderDeps {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly fetch: WebFetch;
}

/** What must be kept until the person comes back, and shown to nobody. */
export interface ProviderChecks {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier?: string | undefined;
}

export interface ProvenPerson {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Claims;
}

export interface IdentityProvider {
  readonly id: string;
  /** Where to send the browser. `asksAgain`: the person must prove who it is even where the provider knows it. */
  begin(input: { readonly redirectUri: string; readonly asksAgain: boolean }): Promise<{ readonly url: string; readonly checks: ProviderChecks }>;
  /** `query` of the address the browser came back to. Faults: `auth.credential_invalid`, `upstream.unavailable`. */
  finish(query: string, checks: ProviderChecks, asksAgain: boolean): Promise<ProvenPerson>;
}

const METADATA_KEPT_MS = 3_600_000;
const WELL_KNOWN = '/.well-known/openid-configuration';
/** A proof that a person gave this moment; clocks may differ by the tolerance. */
const FRESH_PROOF_SECONDS = 300;

export function createIdentityProvider(options: IdentityProviderOptions, deps: IdentityProviderDeps): IdentityProvider {
  const configure = keepWhileFresh(deps.clock, () => discover(options, deps));
  const token = (): string => Buffer.from(deps.random(32)).toString('base64url');
  return {
    id: options.id,
    async begin({ redirectUri, asksAgain }) {
      const configuration = await configure();
      const checks: ProviderChecks = { redirectUri, state: token(), nonce: token(), verifier: options.usesPkce ? token() : undefined };
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: options.scopes,
        state: checks.state,
        nonce: checks.nonce,
        ...(checks.verifier !== undefined && { code_challenge: await client.calculatePKCECodeChallenge(checks.verifier), code_challenge_method: 'S256' }),
        ...(asksAgain && { prompt: 'login', max_age: '0' }),
      });
      return { url: url.href, checks };
    },
    async finish(query, checks, asksAgain) {
      const configuration = await configure();
      try {
        return await redeem(configuration, { query, checks, asksAgain, nowMs: deps.clock.nowMs() });
      } catch (thrown) {
        throw toRefusal(thrown);
      }
    },
  };
}

async function discover(options: IdentityProviderOptions, deps: IdentityProviderDeps): Promise<client.Configuration> {
  const { discoveryUrl, clientId, clientSecret } = options;
  const server = new URL(discoveryUrl.includes('/.well-known/') ? discoveryUrl : `${discoveryUrl.replace(/\/$/, '')}${WELL_KNOWN}`);
  // The operator wrote the address: plain http is a choice, for a provider beside us.
  const execute = [client.enableNonRepudiationChecks, ...(server.protocol === 'http:' ? [client.allowInsecureRequests] : [])];
  const authentication = clientSecret === undefined ? client.None() : undefined;
  let configuration: client.Configuration;
  try {
    configuration = await client.discovery(server, clientId, clientSecret, authentication, { execute, [client.customFetch]: toCustomFetch(deps.fetch) });
  } catch (thrown) {
    throw new Fault('upstream.unavailable', { message: 'The identity provider does not answer.', reason: 'identity_provider', detail: `${server.href}: ${reasonOf(thrown)}`, cause: thrown });
  }
  const expected = options.issuer ?? server.href.slice(0, server.href.indexOf('/.well-known/'));
  const { issuer } = configuration.serverMetadata();
  // Discovery section 4.3. Some issuers end in a slash that their discovery address does not show.
  if (issuer !== expected && (options.issuer !== undefined || issuer !== `${expected}/`)) {
    throw new Fault('upstream.unavailable', { message: 'The identity provider is not the one that is configured.', reason: 'identity_provider', detail: `${server.href} says its issuer is ${issuer}; set OIDC_ISSUER if that is right` });
  }
  return configuration;
}

interface Redeem {
  readonly query: string;
  readonly checks: ProviderChecks;
  readonly asksAgain: boolean;
  readonly nowMs: number;
}

async function redeem(configuration: client.Configuration, { query, checks, asksAgain, nowMs }: Redeem): Promise<ProvenPerson> {
  const current = new URL(checks.redirectUri);
  current.search = query;
  const tokens = await client.authorizationCodeGrant(configuration, current, {
    expectedState: checks.state,
    expectedNonce: checks.nonce,
    idTokenExpected: true,
    ...(checks.verifier !== undefined && { pkceCodeVerifier: checks.verifier }),
    ...(asksAgain && { maxAge: FRESH_PROOF_SECONDS }),
  });
  const claims = tokens.claims();
  if (claims === undefined) throw new Error('no ID token');
  if (asksAgain && (claims.auth_time === undefined || nowMs / 1_000 - claims.auth_time > FRESH_PROOF_SECONDS)) throw new Error('the proof is not a fresh one');
  const hasUserInfo = configuration.serverMetadata().userinfo_endpoint !== undefined;
  const more = hasUserInfo ? await client.fetchUserInfo(configuration, tokens.access_token, claims.sub) : {};
  return { issuer: claims.iss, subject: claims.sub, claims: { ...more, ...claims } };
}

/** Why a sign-in failed is for the log: a stranger could have led the browser here. */
function toRefusal(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault('auth.credential_invalid', { message: 'The identity provider did not confirm the sign-in.', reason: 'identity_provider', detail: reasonOf(thrown), cause: thrown });
}

/** Messages of the library name what was wrong, never a token. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message}` : '';
  const said = thrown instanceof client.ResponseBodyError || thrown instanceof client.AuthorizationResponseError ? ` (${thrown.error})` : '';
  return `${thrown.message}${said}${thrown instanceof Fault && thrown.detail !== undefined ? ` (${thrown.detail})` : ''}${cause}`;
}

function toCustomFetch(fetch: WebFetch): client.CustomFetch {
  return (url, { body, ...head }) => fetch(url, { ...head, body: body === undefined || body === null ? undefined : String(body) });
}

/** One at a time; what failed is not kept. */
function keepWhileFresh<Value>(clock: Clock, load: () => Promise<Value>): () => Promise<Value> {
  let kept: { readonly value: Promise<Value>; readonly untilMs: number } | undefined;
  return () => {
    if (kept !== undefined && clock.monotonicMs() < kept.untilMs) return kept.value;
    const value = load();
    const mine = { value, untilMs: clock.monotonicMs() + METADATA_KEPT_MS };
    kept = mine;
    value.catch(() => {
      if (kept === mine) kept = undefined;
    });
    return value;
  };
}
