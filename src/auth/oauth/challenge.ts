/** How a refused client goes on: `WWW-Authenticate` (RFC 6750 section 3, RFC 9728 section 5.1). */
import type { Fault } from '../../base/fault.ts';
import type { EndpointSpec } from '../../model/endpoint.ts';
import { ENDPOINT_SCOPE, resourceMetadataUrl } from './resources.ts';

const REALM = 'Bearer realm="MetaMCP"';

/** The header's value for a 401 or 403 at an endpoint; undefined where there is nothing to show. */
export function challengeOf(fault: Fault, endpoint: EndpointSpec | undefined, issuer: string): string | undefined {
  if (fault.http !== 401 && fault.code !== 'auth.scope_missing') return undefined;
  if (endpoint?.auth.oauth !== true) return fault.http === 401 ? REALM : undefined;
  const scope = endpoint.auth.signIn === undefined ? (endpoint.auth.jwt?.scopes ?? []).join(' ') : ENDPOINT_SCOPE;
  const error = fault.code === 'auth.credential_invalid' ? 'invalid_token' : fault.reason === 'insufficient_scope' ? 'insufficient_scope' : undefined;
  return [
    ...(error === undefined ? [] : [`error="${error}"`]),
    `resource_metadata="${resourceMetadataUrl(issuer, endpoint.name)}"`,
    ...(scope === '' ? [] : [`scope="${scope}"`]),
  ]
    .join(', ')
    .replace(/^/, 'Bearer ');
}
