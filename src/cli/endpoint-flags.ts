/** The flags and variables that name an endpoint, in one record. */
import type { Invocation } from './command.ts';
import { variable } from './host.ts';
import type { EndpointFlags } from './stdio/endpoint-target.ts';

export function endpointFlagsOf({ flag, host }: Invocation): EndpointFlags {
  return {
    url: flag('url'),
    data: flag('data'),
    endpoint: flag('endpoint') ?? variable(host, 'METAMCP_ENDPOINT'),
    key: flag('key') ?? variable(host, 'METAMCP_KEY', 'API_ACCESS_TOKEN'),
  };
}
