import { Fault } from '../../base/fault.ts';
import type { ServerState } from '../../contract/servers.ts';
import { mayChange, type Viewer } from '../configuration/visibility.ts';
import { getObject } from '../objects/show-object.ts';
import type { AdminServices } from '../operation.ts';

/**
 * Of a server that the viewer may operate: calling one directly steps past the policies of its namespaces.
 * Throws `request.not_found` where no server has the name that the viewer may see, `auth.scope_missing` for a public one, `request.conflict` where it is disabled.
 */
export function getServerState({ live, objects }: Pick<AdminServices, 'live' | 'objects'>, name: string, viewer: Viewer): ServerState {
  const object = getObject(objects(), { kind: 'servers', name }, viewer);
  if (!mayChange(viewer, object)) throw new Fault('auth.scope_missing', { message: 'Only who may change a server operates it.', reason: 'public_object', detail: name });
  const state = live.states().find((one) => one.name === name);
  if (state === undefined) throw new Fault('request.conflict', { message: `The server ${name} is disabled: enable it first.`, reason: 'disabled' });
  return state;
}
