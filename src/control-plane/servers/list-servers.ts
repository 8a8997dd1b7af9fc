import { ListServers, type Server, ServerOperations } from '../../contract/servers.ts';
import { bindObjects } from '../objects/bind-objects.ts';
import { pageOf } from '../objects/page.ts';
import { bindRead } from '../operation.ts';
import { showServer } from './show-server.ts';

export const listServers = bindRead(ListServers, async ({ query, viewer, services }) => {
  const objects = services.objects();
  const servers = new Map(objects.filter((object) => object.kind === 'servers').map((object) => [object, showServer(object, { objects, services })]));
  const found = [...servers].filter(([, server]) => isWanted(server, query));
  const page = pageOf(
    found.map(([object]) => object),
    query,
    viewer,
  );
  return { items: page.objects.flatMap((object) => servers.get(object) ?? []), nextCursor: page.nextCursor };
});

type Wanted = ReturnType<typeof ListServers.query.parse>;

/** All that is asked for must fit. */
function isWanted(server: Server, query: Wanted): boolean {
  const lists = [
    [query.tag, server.tags],
    [query.capability, server.capabilities],
    [query.policy, server.policies],
    [query.type, [server.type]],
    [query.status, [server.status]],
    [query.proxy, [server.proxy ?? 'none']],
  ] as const satisfies readonly (readonly [string | undefined, readonly string[]])[];
  const isListed = lists.every(([wanted, has]) => wanted === undefined || (has as readonly string[]).includes(wanted));
  return isListed && (query.costNote === undefined || server.costNote.toLowerCase().includes(query.costNote.toLowerCase()));
}

export const serverOperations = bindObjects('servers', ServerOperations, showServer);
