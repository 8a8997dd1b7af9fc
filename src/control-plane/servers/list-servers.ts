import { ListServers, ServerOperations } from '../../contract/servers.ts';
import { bindObjects } from '../objects/bind-objects.ts';
import { pageOf } from '../objects/page.ts';
import { bindRead } from '../operation.ts';
import { showServer } from './show-server.ts';

export const listServers = bindRead(ListServers, async ({ query, viewer, services }) => {
  const objects = services.objects();
  const servers = new Map(objects.filter((object) => object.kind === 'servers').map((object) => [object, showServer(object, { objects, services })]));
  const { tag, capability, type, status } = query;
  const found = [...servers].filter(
    ([, server]) =>
      (tag === undefined || server.tags.includes(tag)) &&
      (capability === undefined || server.capabilities.includes(capability)) &&
      (type === undefined || server.type === type) &&
      (status === undefined || server.status === status),
  );
  const page = pageOf(
    found.map(([object]) => object),
    query,
    viewer,
  );
  return { items: page.objects.flatMap((object) => servers.get(object) ?? []), nextCursor: page.nextCursor };
});

export const serverOperations = bindObjects('servers', ServerOperations, showServer);
