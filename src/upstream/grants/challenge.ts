/** What a server says when it refuses for want of authorization (RFC 6750 section 3, RFC 9728 section 5.1). */
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';

export interface Challenge {
  readonly status: 401 | 403;
  /** Where the protected resource's metadata is; undefined where the server does not say. */
  readonly metadataUrl: string | undefined;
  /** Scopes of this operation, space-separated. */
  readonly scope: string | undefined;
  /** `invalid_token`, `insufficient_scope`. */
  readonly error: string | undefined;
}

export function readChallenge(status: 401 | 403, header: string | undefined): Challenge {
  const headers = header === undefined ? {} : { 'www-authenticate': header };
  const { resourceMetadataUrl, scope, error } = extractWWWAuthenticateParams(new Response(null, { status, headers }));
  return { status, metadataUrl: resourceMetadataUrl?.href, scope, error };
}

/** All scopes of both, in a stable order; undefined where there are none. */
export function unionScopes(...scopes: readonly (string | undefined)[]): string | undefined {
  const all = new Set(scopes.flatMap((scope) => scopesOf(scope)));
  return all.size === 0 ? undefined : [...all].join(' ');
}

export function scopesOf(scope: string | undefined): string[] {
  return (scope ?? '').split(' ').filter((one) => one !== '');
}
