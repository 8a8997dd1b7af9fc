/** Discovery documents: of the authorization server (RFC 8414, also in the OIDC place) and of each endpoint (RFC 9728). */
import type { EndpointSpec } from '../../model/endpoint.ts';
import { ENDPOINT_SCOPE, ownEndpoints, PROTECTED_RESOURCE_PREFIX, type ResourcesDeps, resourceOf } from './resources.ts';

export interface MetadataDeps extends ResourcesDeps {
  readonly assertionIssuers: readonly string[];
  readonly isRegistrationOpen: () => boolean;
}

/** Tokens for an identity assertion (RFC 7523 section 2.1). */
export const ASSERTION_GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** How clients find out that they may show one (draft-ietf-oauth-identity-assertion-authz-grant, 7.2). */
const ASSERTION_PROFILE = 'urn:ietf:params:oauth:grant-profile:id-jag';
const SERVER_PREFIXES: readonly string[] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];

/** The document at a path below `/.well-known/`; undefined where there is none. */
export function metadataAt(path: string, deps: MetadataDeps): object | undefined {
  const prefix = SERVER_PREFIXES.find((candidate) => path === candidate || path.startsWith(`${candidate}/`));
  if (prefix !== undefined) {
    // Where nothing takes our tokens, a client must not be sent to get some.
    const isServed = ownEndpoints(deps).length > 0 && isOurIssuer(path.slice(prefix.length), deps);
    return isServed ? serverMetadata(deps) : undefined;
  }
  if (path === PROTECTED_RESOURCE_PREFIX) return rootMetadata(deps);
  if (!path.startsWith(`${PROTECTED_RESOURCE_PREFIX}/`)) return undefined;
  const name = /^(?:\/.*)?\/metamcp\/([^/]+)\/mcp$/.exec(path.slice(PROTECTED_RESOURCE_PREFIX.length))?.[1];
  const endpoint = name === undefined ? undefined : deps.endpoints().get(name);
  return endpoint?.auth.oauth === true ? resourceMetadata(endpoint, deps) : undefined;
}

/** The path of the issuer stands behind the well-known one (RFC 8414 section 3.1); a proxy may have taken it away. */
function isOurIssuer(rest: string, { issuer }: MetadataDeps): boolean {
  const own = new URL(issuer()).pathname.replace(/\/$/, '');
  return rest === '' || rest === own || rest === `${own}/`;
}

function serverMetadata({ issuer: issuerOf, isRegistrationOpen, assertionIssuers }: MetadataDeps): object {
  const issuer = issuerOf();
  const authMethods = ['none', 'client_secret_basic', 'client_secret_post'];
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    ...(isRegistrationOpen() ? { registration_endpoint: `${issuer}/oauth/register` } : {}),
    revocation_endpoint: `${issuer}/oauth/revoke`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    scopes_supported: [ENDPOINT_SCOPE],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', ...(assertionIssuers.length === 0 ? [] : [ASSERTION_GRANT_TYPE])],
    ...(assertionIssuers.length === 0 ? {} : { authorization_grant_profiles_supported: [ASSERTION_PROFILE] }),
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_methods_supported: authMethods,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    ui_locales_supported: ['en', 'zh'],
  };
}

function resourceMetadata({ name, auth }: EndpointSpec, { issuer }: MetadataDeps): object {
  const servers = [...(auth.signIn === undefined ? [] : [issuer()]), ...(auth.jwt === undefined ? [] : [auth.jwt.issuer])];
  return {
    resource: resourceOf(issuer(), name),
    resource_name: name,
    authorization_servers: servers,
    scopes_supported: auth.signIn === undefined ? (auth.jwt?.scopes ?? []) : [ENDPOINT_SCOPE],
    bearer_methods_supported: ['header'],
  };
}

/** Older clients ask at the root. Only where one endpoint takes tokens is it clear which is meant. */
function rootMetadata(deps: MetadataDeps): object | undefined {
  const [endpoint, ...others] = ownEndpoints(deps);
  return endpoint === undefined || others.length > 0 ? undefined : resourceMetadata(endpoint, deps);
}
