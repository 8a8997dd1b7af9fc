/** What an endpoint accepts, from the short forms of the configuration. */

import { compileGlob } from '../base/linear-pattern.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { EndpointConfig } from '../model/endpoint-config.ts';
import type { Labels } from '../model/policy.ts';

export function compileEndpointAuth({ apiKey, query, oauth, jwt, clients }: EndpointConfig['auth']): EndpointSpec['auth'] {
  const signIn = oauth === false ? undefined : oauth === true ? { through: 'any' as const, groups: [] } : { through: oauth.signIn, groups: oauth.groups };
  const rule = jwt === undefined ? undefined : { ...jwt, audience: jwt.audience, jwksUri: jwt.jwksUri };
  const isWithTokens = signIn !== undefined || rule !== undefined;
  return { apiKey, oauth: isWithTokens, query, ...(isWithTokens ? { signIn, jwt: rule, ...(clients && { clientLabels: compileClientLabels(clients) }) } : {}) };
}

function compileClientLabels(clients: NonNullable<EndpointConfig['auth']['clients']>): (client: string) => Labels | undefined {
  const rules = clients.map(({ client, labels }) => ({ fits: compileGlob(client), labels }));
  return (client) => rules.find(({ fits }) => fits(client))?.labels;
}
