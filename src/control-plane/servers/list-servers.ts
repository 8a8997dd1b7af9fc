import { ListServers } from '../../contract/servers.ts';
import { bindRead } from '../operation.ts';

export const listServers = bindRead(ListServers, async ({ services }) => ({ items: [...services.live.states()] }));
