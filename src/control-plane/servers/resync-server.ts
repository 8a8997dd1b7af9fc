import { ResyncServer } from '../../contract/servers.ts';
import { bindAction } from '../operation.ts';
import { getServerState } from './get-server-state.ts';

export const resyncServer = bindAction(ResyncServer, {
  begin: ({ params, services, viewer }) => ({ subject: getServerState(services, params.name, viewer).name }),
  async act({ params, services, viewer }) {
    await services.live.resync(params.name);
    return getServerState(services, params.name, viewer);
  },
});
