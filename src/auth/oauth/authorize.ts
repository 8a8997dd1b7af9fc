/**
 * The authorization request before the library sees it: our redirect rule first, then only the parameters that this
 * profile knows. The rest is left out, so nothing of OpenID Connect can be switched on from outside.
 */
import { redirectProblem } from './redirect-policy.ts';
import { ENDPOINT_SCOPE, ownEndpoints, type ResourcesDeps, resourceOf } from './resources.ts';

export interface AuthorizeDeps extends ResourcesDeps {
  readonly redirectSchemes: readonly string[];
}

const PARAMS: readonly string[] = [
  'client_id',
  'redirect_uri',
  'response_type',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'request',
  'request_uri',
];
const URL_CHARS_MAX = 8_192;

export interface Refusal {
  readonly error: string;
  readonly error_description: string;
}

/** The request as the library gets it, or what the error page says. */
export function authorizeUrl(url: string, deps: AuthorizeDeps): { readonly url: string } | { readonly refusal: Refusal } {
  if (url.length > URL_CHARS_MAX) return refusal('invalid_request', 'the request is too long');
  const asked = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  const redirects = asked.getAll('redirect_uri');
  if (redirects.length !== 1) return refusal('invalid_request', 'redirect_uri must be there once');
  const problem = redirectProblem(redirects[0] ?? '', deps.redirectSchemes);
  if (problem !== undefined) return refusal('invalid_redirect_uri', `the redirect is not allowed: ${problem}`);
  const passed = new URLSearchParams(PARAMS.flatMap((name) => asked.getAll(name).map((value): [string, string] => [name, value])));
  // Whatever is asked for, there is one scope; the answer says which was given (RFC 6749 section 3.3).
  passed.set('scope', ENDPOINT_SCOPE);
  const silent = asked.getAll('prompt').flatMap((prompt) => prompt.split(' '));
  if (silent.includes('none')) passed.set('prompt', 'none');
  const only = onlyResource(deps);
  if (!passed.has('resource') && only !== undefined) passed.set('resource', only);
  return { url: `/oauth/authorize?${passed.toString()}` };
}

/** What a client that names no resource means: clear only where one endpoint takes tokens. */
function onlyResource(deps: ResourcesDeps): string | undefined {
  const [endpoint, ...others] = ownEndpoints(deps);
  return endpoint === undefined || others.length > 0 ? undefined : resourceOf(deps.issuer(), endpoint.name);
}

function refusal(error: string, description: string): { readonly refusal: Refusal } {
  return { refusal: { error, error_description: description } };
}
