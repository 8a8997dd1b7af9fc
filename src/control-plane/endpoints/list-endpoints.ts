import { ListEndpoints } from '../../contract/endpoints.ts';
import { bindRead } from '../operation.ts';

export const listEndpoints = bindRead(ListEndpoints, async ({ services }) => {
  const endpoints = [...services.snapshot().endpoints.values()];
  return {
    items: endpoints.map((endpoint) => ({
      name: endpoint.name,
      namespace: endpoint.namespace.name,
      mcpUrl: `${services.publicUrl()}/metamcp/${endpoint.name}/mcp`,
      auth: endpoint.auth,
      servers: endpoint.namespace.members.map((member) => member.server),
    })),
  };
});
