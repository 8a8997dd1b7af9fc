import { Fault } from '../../base/fault.ts';
import type { ServerState } from '../../contract/servers.ts';
import type { Viewer } from '../configuration/visibility.ts';
import { getObject } from '../objects/show-object.ts';
import type { AdminServices } from '../operation.ts';

/** Throws `request.not_found` where no server has the name that the viewer may see, `request.conflict` where it is disabled. */
export function getServerState({ live, objects }: Pick<AdminServices, 'live' | 'objects'>, name: string, viewer: Viewer): ServerState {
  getObject(objects(), { kind: 'servers', name }, viewer);
  const state = live.states().find((one) => one.name === name);
  if (state === undefined) throw new Fault('request.conflict', { message: `The server ${name} is disabled: enable it first.`, reason: 'disabled' });
  return state;
}
