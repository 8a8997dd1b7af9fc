/**
 * oidc-provider, set to the narrow profile that MCP needs: authorization code with PKCE S256, refresh with rotation,
 * resource indicators, `iss` in every answer. All else that it can do is off. Our rules stand before it: which
 * redirects, which parameters, which clients (authorize.ts, redirect-policy.ts, find-client.ts).
 */
import { type Account, type Client, type Context, errors, interactionPolicy, Provider } from 'oidc-provider';
import type { OAuthStore, People } from '../../model/oauth.ts';
import { type AdapterDeps, createAdapter } from './adapter.ts';
import { acceptAssertions, type AssertionGrantDeps } from './assertion-grant.ts';
import { clientSecretDigest } from './client-secret.ts';
import type { Pages } from './pages.ts';
import { isRegisteredRedirect } from './redirect-policy.ts';
import { ENDPOINT_SCOPE, endpointOf, type ResourcesDeps, resourceOf } from './resources.ts';

/** Seconds. AS-04, AS-12. */
const LIFETIMES = {
  AuthorizationCode: 60,
  AccessToken: 15 * 60,
  RefreshToken: 30 * 86_400,
  /** Of a consent, however often it is refreshed. */
  Grant: 365 * 86_400,
  Interaction: 10 * 60,
  Session: 10 * 60,
  IdToken: 60,
};

export interface ProviderDeps extends AdapterDeps, AssertionGrantDeps {
  readonly store: OAuthStore;
  readonly people: People;
  readonly pages: Pages;
  /** Signs nothing that leaves: the library wants a key. A private JWK of P-256. */
  readonly signingKey: Readonly<Record<string, unknown>>;
  /** A failure of ours, for the log. */
  readonly failed: (error: Error) => void;
}

export function createProvider(deps: ProviderDeps): Provider {
  const issuer = deps.issuer();
  const isSecure = issuer.startsWith('https:');
  const provider = new Provider(issuer, {
    adapter: (model: string) => createAdapter(model, deps),
    allowOmittingSingleRegisteredRedirectUri: false,
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      id_token_signed_response_alg: 'ES256',
    },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    clientBasedCORS: () => true,
    clockTolerance: 0,
    cookies: {
      names: cookieNames(isSecure),
      short: { httpOnly: true, sameSite: 'lax', signed: false, secure: isSecure },
      long: { httpOnly: true, sameSite: 'lax', signed: false, secure: isSecure, path: '/oauth' },
    },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    expiresWithSession: () => false,
    extraTokenClaims: ({ oidc }: Context) => claimsOf(oidc.entities.Account),
    features: featuresOf(deps),
    findAccount: (_context: Context, userId: string) => findAccount(userId, deps.people),
    interactions: { policy: consentAlways(), url: (_context: Context, { uid }: { readonly uid: string }) => `${issuer}/oauth/consent/${uid}` },
    issueRefreshToken: () => true,
    jwks: { keys: [deps.signingKey] },
    loadExistingGrant: ({ oidc }: Context) => findGrant(provider, oidc.result?.consent?.grantId),
    pkce: { required: () => true },
    renderError: (context: Context, out: { readonly error: string; readonly error_description?: string }) => renderError(context, out, deps.pages),
    responseTypes: ['code'],
    revokeGrantPolicy: () => true,
    rotateRefreshToken: true,
    routes: { authorization: '/oauth/authorize', token: '/oauth/token', revocation: '/oauth/revoke', introspection: '/oauth/introspect' },
    scopes: ['offline_access'],
    ttl: LIFETIMES,
  });
  applyOwnRules(provider.Client.prototype, deps);
  acceptAssertions(provider, deps, (context, resource) => resourceServer(context, resource, deps));
  // A proxy that ends TLS makes no difference: whether cookies are secure follows from the public address.
  provider.use(async (context, next) => {
    context.cookies.secure = isSecure;
    await next();
    refuseUnauthenticated(context);
  });
  provider.on('server_error', (_context, error) => deps.failed(error));
  // Koa would print what nobody listens for.
  provider.on('error', deps.failed);
  return provider;
}

/** Who shows no credential at all is told so with 401, as RFC 7662 and RFC 7009 want it. */
function refuseUnauthenticated(context: Context): void {
  const { body } = context;
  const isAnonymous =
    typeof body === 'object' && body !== null && 'error_description' in body && body.error_description === 'no client authentication mechanism provided';
  if (!isAnonymous) return;
  context.status = 401;
  context.body = { error: 'invalid_client', error_description: body.error_description };
}

function cookieNames(isSecure: boolean): Readonly<Record<string, string>> {
  const prefix = isSecure ? '__Secure-' : '';
  return { session: `${prefix}metamcp_oauth`, interaction: `${prefix}metamcp_consent`, resume: `${prefix}metamcp_resume` };
}

function featuresOf(deps: ProviderDeps): Readonly<Record<string, unknown>> {
  const off = { enabled: false };
  return {
    devInteractions: off,
    dPoP: off,
    pushedAuthorizationRequests: off,
    rpInitiatedLogout: off,
    userinfo: off,
    revocation: {
      enabled: true,
      allowedPolicy: (_context: Context, client: Client, token: { readonly clientId: string }) => token.clientId === client.clientId,
    },
    introspection: { enabled: true, allowedPolicy: (_context: Context, client: Client, token: { readonly clientId: string }) => mayIntrospect(client, token) },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (context: Context, resource: string) => resourceServer(context, resource, deps),
    },
  };
}

/** Of its own tokens only, and only a client that proves who it is (RFC 7662 section 2.1). */
function mayIntrospect(client: Client, token: { readonly clientId: string }): boolean {
  if (client.clientAuthMethod === 'none') throw new errors.InvalidClientAuth('introspection needs a client that authenticates');
  return token.clientId === client.clientId;
}

function resourceServer({ oidc }: Context, resource: string, deps: ResourcesDeps): object {
  const endpoint = endpointOf(resource, deps);
  if (endpoint === undefined) throw new errors.InvalidTarget('the resource is no endpoint of this gateway that accepts OAuth');
  const asked = oidc.params?.['resource'];
  if (Array.isArray(asked) && asked.length > 1) throw new errors.InvalidTarget('ask for one resource at a time');
  return { scope: ENDPOINT_SCOPE, audience: resourceOf(deps.issuer(), endpoint.name), accessTokenTTL: LIFETIMES.AccessToken, accessTokenFormat: 'opaque' };
}

async function findAccount(userId: string, people: People): Promise<Account | undefined> {
  const user = await people.findUser(userId);
  return user && { accountId: user.userId, name: user.name, roles: user.roles, groups: user.groups, claims: () => ({ sub: user.userId }) };
}

/** Kept with each token: a quarter of an hour later, the next one tells anew. */
function claimsOf(account: Account | undefined): object {
  const { name = '', roles = [], groups = [] } = account ?? {};
  return { name, roles, groups };
}

/** Every request is shown to the user, whatever was agreed to before: a stranger's link never ends in a silent grant. */
function consentAlways(): readonly object[] {
  const { Check, Prompt } = interactionPolicy;
  return [
    new Prompt(
      { name: 'consent', requestable: false },
      new Check('consent_not_given', 'the user has not agreed yet', ({ oidc }) => oidc.result?.consent?.grantId === undefined),
    ),
  ];
}

function findGrant(provider: Provider, grantId: string | undefined): Promise<unknown> {
  return grantId === undefined ? Promise.resolve(undefined) : provider.Grant.find(grantId);
}

function renderError(context: Context, out: { readonly error: string; readonly error_description?: string }, pages: Pages): void {
  const { headers, html } = pages.error(context.req, out);
  for (const [name, value] of Object.entries(headers)) context.set(name, value);
  context.body = html;
}

/** The library compares redirects more loosely, and secrets as they are; ours are digests. */
function applyOwnRules(client: Client, deps: ProviderDeps): void {
  client.redirectUriAllowed = function redirectUriAllowed(this: Client, uri: string) {
    return isRegisteredRedirect(uri, this.redirectUris);
  };
  const compare = client.compareClientSecret;
  client.compareClientSecret = function compareClientSecret(this: Client, shown: string) {
    return compare.call(this, clientSecretDigest(shown, deps.digestOf));
  };
}
