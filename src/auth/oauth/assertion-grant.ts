/**
 * Tokens for an identity assertion (RFC 7523 section 2.1): the enterprise decided at its identity provider, so the user is
 * asked nothing. What the user may is decided here as ever, and the consent is listed and withdrawn as any other.
 */
import { type Client, type Context, errors, type Provider } from 'oidc-provider';
import { Fault } from '../../base/fault.ts';
import type { EndpointSpec } from '../../model/endpoint.ts';
import type { OAuthStore, People, SignedInUser } from '../../model/oauth.ts';
import type { ConsentEvent } from './consent.ts';
import { type AssertionRules, type IdentityAssertion, readAssertion } from './identity-assertion.ts';
import { ASSERTION_GRANT_TYPE } from './metadata.ts';
import { ENDPOINT_SCOPE, endpointOf, isEndpointFor, type ResourcesDeps, resourceOf } from './resources.ts';

export interface AssertionGrantDeps extends AssertionRules, ResourcesDeps {
  readonly store: Pick<OAuthStore, 'save' | 'consume'>;
  readonly people: People;
  readonly digestOf: (value: string) => string;
  readonly decided: (event: ConsentEvent) => Promise<void>;
}

/** `resourceServer`: what the library is to know of an endpoint. Does nothing where nobody's assertions are believed. */
export function acceptAssertions(provider: Provider, deps: AssertionGrantDeps, resourceServer: (context: Context, resource: string) => object): void {
  if (deps.assertionIssuers.length === 0) return;
  const handle = async (context: Context): Promise<void> => {
    const { client, params = {} } = context.oidc;
    if (client === undefined) throw new errors.InvalidClientAuth('no client');
    const assertion = await read(String(params['assertion'] ?? ''), client, deps);
    const endpoint = findEndpoint(assertion, params['resource'], deps);
    const scope = scopeOf(assertion, params['scope']);
    const user = await findUserOf(assertion, client, { deps, endpoint });
    await spend(assertion, deps);
    const resource = resourceOf(deps.issuer(), endpoint.name);
    const grant = new provider.Grant({ accountId: user.userId, clientId: client.clientId });
    grant.addResourceScope(resource, scope);
    const token = new provider.AccessToken({ accountId: user.userId, client, grantId: await grant.save(), gty: 'jwt-bearer', scope });
    token.resourceServer = new provider.ResourceServer(resource, resourceServer(context, resource));
    context.oidc.entity('Account', { accountId: user.userId, name: user.name, roles: user.roles, groups: user.groups, claims: () => ({ sub: user.userId }) });
    const value = await token.save();
    await deps.decided({ userId: user.userId, clientId: client.clientId, resource, outcome: 'done', assertedBy: assertion.issuer });
    // No refresh token: the next assertion is the identity provider's to give or not.
    context.body = { access_token: value, token_type: 'Bearer', expires_in: token.expiration, scope };
  };
  provider.registerGrantType(ASSERTION_GRANT_TYPE, handle, ['assertion', 'resource', 'scope']);
}

async function read(text: string, client: Client, deps: AssertionGrantDeps): Promise<IdentityAssertion> {
  const assertion = await readAssertion(text, deps.issuer(), deps).catch((thrown: unknown) => {
    if (thrown instanceof Fault) throw new errors.OIDCProviderError(503, 'temporarily_unavailable');
    throw thrown;
  });
  if (assertion === undefined) throw new errors.InvalidGrant('the assertion is not valid here');
  if (assertion.clientId !== client.clientId) throw new errors.InvalidGrant('the assertion is for another client');
  return assertion;
}

/** Of the assertion, or of the request where the assertion names none; both must mean the same. */
function findEndpoint({ resource }: IdentityAssertion, asked: unknown, deps: ResourcesDeps): EndpointSpec {
  const wanted = typeof asked === 'string' ? asked : undefined;
  const endpoint = endpointOf(resource ?? wanted ?? '', deps);
  if (endpoint === undefined) throw new errors.InvalidTarget('the resource is no endpoint of this gateway that accepts OAuth');
  if (wanted !== undefined && endpointOf(wanted, deps) !== endpoint) throw new errors.InvalidTarget('the assertion is for another resource');
  return endpoint;
}

function scopeOf({ scopes }: IdentityAssertion, asked: unknown): string {
  const wanted = typeof asked === 'string' && asked !== '' ? asked.split(' ') : [ENDPOINT_SCOPE];
  const isGranted = wanted.includes(ENDPOINT_SCOPE) && (scopes === undefined || scopes.includes(ENDPOINT_SCOPE));
  if (!isGranted) throw new errors.InvalidScope('the assertion grants no scope of ours that was asked for', ENDPOINT_SCOPE);
  return ENDPOINT_SCOPE;
}

interface Wanted {
  readonly deps: AssertionGrantDeps;
  readonly endpoint: EndpointSpec;
}

/** Only who is known here by that very login: an e-mail address ties nobody to a user. */
async function findUserOf({ issuer, subject }: IdentityAssertion, { clientId }: Client, { deps, endpoint }: Wanted): Promise<SignedInUser> {
  const user = await deps.people.findByLogin?.(issuer, subject);
  if (user === undefined) throw new errors.InvalidGrant('the user has never signed in here with this identity provider');
  if (isEndpointFor(endpoint, user)) return user;
  await deps.decided({ userId: user.userId, clientId, resource: resourceOf(deps.issuer(), endpoint.name), outcome: 'denied', assertedBy: issuer });
  throw new errors.InvalidGrant('this user may not use the endpoint');
}

/** Each assertion once, whichever gateway it comes to. */
async function spend({ issuer, id, expiresAtMs }: IdentityAssertion, { store, digestOf, clock }: AssertionGrantDeps): Promise<void> {
  const digest = digestOf(`IdentityAssertion:${JSON.stringify([issuer, id])}`);
  await store.save({ model: 'IdentityAssertion', digest, grantDigest: undefined, userId: undefined, clientId: undefined, payload: {}, consumedAtMs: undefined, expiresAtMs });
  if (!(await store.consume('IdentityAssertion', digest, clock.nowMs()))) throw new errors.InvalidGrant('the assertion was used before');
}
