/** What an endpoint accepts, from the short forms of the configuration. */

import type { EndpointSpec } from '../model/endpoint.ts';
import type { EndpointConfig } from '../model/endpoint-config.ts';

export function compileEndpointAuth({ apiKey, query, oauth, jwt }: EndpointConfig['auth']): EndpointSpec['auth'] {
  const signIn = oauth === false ? undefined : oauth === true ? { through: 'any' as const, groups: [] } : { through: oauth.signIn, groups: oauth.groups };
  const rule = jwt === undefined ? undefined : { ...jwt, audience: jwt.audience, jwksUri: jwt.jwksUri };
  const isWithTokens = signIn !== undefined || rule !== undefined;
  return { apiKey, oauth: isWithTokens, query, ...(isWithTokens ? { signIn, jwt: rule } : {}) };
}
