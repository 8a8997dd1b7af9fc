import { RestartServer } from '../../contract/servers.ts';
import { bindAction } from '../operation.ts';
import { getServerState } from './get-server-state.ts';

export const restartServer = bindAction(RestartServer, {
  begin: ({ params, services, viewer }) => ({ subject: getServerState(services, params.name, viewer).name }),
  async act({ params, services, viewer }) {
    await services.live.restart(params.name);
    return getServerState(services, params.name, viewer);
  },
});
