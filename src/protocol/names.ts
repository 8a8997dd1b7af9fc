/**
 * Own name and exposed name. `{as}__{own}` splits at the first `__`, which no server name holds, so the mapping is
 * injective whatever the own name looks like, and gateways nest.
 */

export const SEPARATOR = '__';

export function exposedName(as: string, own: string, separator: string): string {
  return as + separator + own;
}

/** Address of a resource whose URI another server of the namespace already has. */
const COLLIDED_SCHEME = 'metamcp://resource/';

export function collidedUri(as: string, uri: string): string {
  return `${COLLIDED_SCHEME}${as}/${encodeURIComponent(uri)}`;
}

/** The text of a URI template (RFC 6570) before its first expression: what every expansion begins with. */
export function templatePrefix(uriTemplate: string): string {
  const brace = uriTemplate.indexOf('{');
  return brace < 0 ? uriTemplate : uriTemplate.slice(0, brace);
}
