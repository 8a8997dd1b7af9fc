import { Fault } from '../../base/fault.ts';
import type { ServerState } from '../../contract/servers.ts';
import type { LiveServers } from '../live-servers.ts';

/** Throws `request.not_found` where no server has the name. */
export function getServerState(live: LiveServers, name: string): ServerState {
  const state = live.states().find((one) => one.name === name);
  if (state === undefined) throw new Fault('request.not_found', { message: 'There is no server of this name.', reason: 'server' });
  return state;
}
