/** The addresses that OAuth is about: this authorization server, and each endpoint as a protected resource (RFC 8707, RFC 9728). */
import type { EndpointSpec } from '../../model/endpoint.ts';
import type { SignedInUser } from '../../model/oauth.ts';

/** The one scope of ours: use what the endpoint offers. */
export const ENDPOINT_SCOPE = 'mcp';

export const PROTECTED_RESOURCE_PREFIX = '/.well-known/oauth-protected-resource';

export interface ResourcesDeps {
  /** Base of all addresses, without a slash at the end; from the configuration or the listener, never from a request. */
  readonly issuer: () => string;
  readonly endpoints: () => ReadonlyMap<string, EndpointSpec>;
}

/** Canonical URI of an endpoint: the `aud` of its tokens. */
export function resourceOf(issuer: string, endpoint: string): string {
  return `${issuer}/metamcp/${endpoint}/mcp`;
}

/** Where an endpoint's metadata is (RFC 9728 section 3.1). */
export function resourceMetadataUrl(issuer: string, endpoint: string): string {
  const { origin, pathname } = new URL(resourceOf(issuer, endpoint));
  return `${origin}${PROTECTED_RESOURCE_PREFIX}${pathname}`;
}

/** Endpoints that take tokens of this authorization server. */
export function ownEndpoints({ endpoints }: ResourcesDeps): EndpointSpec[] {
  return [...endpoints().values()].filter(({ auth }) => auth.signIn !== undefined);
}

/** The endpoint whose canonical URI this is. A slash at its end counts for nothing: older clients add one. */
export function endpointOf(resource: string, deps: ResourcesDeps): EndpointSpec | undefined {
  const asked = resource.endsWith('/') ? resource.slice(0, -1) : resource;
  return ownEndpoints(deps).find(({ name }) => resourceOf(deps.issuer(), name) === asked);
}

/** Whether its owner and its groups let this user in. */
export function isEndpointFor({ owner, auth }: EndpointSpec, { userId, groups }: SignedInUser): boolean {
  const wanted = auth.signIn?.groups ?? [];
  return (owner === undefined || owner === userId) && (wanted.length === 0 || wanted.some((group) => groups.includes(group)));
}
