import { ResyncServer } from '../../contract/servers.ts';
import { bindAction } from '../operation.ts';
import { getServerState } from './get-server-state.ts';

export const resyncServer = bindAction(ResyncServer, {
  begin: ({ params, services }) => ({ subject: getServerState(services.live, params.name).name }),
  async act({ params, services }) {
    await services.live.resync(params.name);
    return getServerState(services.live, params.name);
  },
});
