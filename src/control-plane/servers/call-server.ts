import { CallServer } from '../../contract/servers.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { bindAction } from '../operation.ts';
import { getServerState } from './get-server-state.ts';

/** Calls a tool past every namespace, to tell faults of a server from those of the way to it. Arguments are not recorded. */
export const callServer = bindAction(CallServer, {
  begin: ({ params, body, services, viewer }) => ({ subject: getServerState(services, params.name, viewer).name, detail: { tool: body.tool } }),
  async act({ params, body, services }) {
    const startedMs = services.clock.monotonicMs();
    // The body was JSON, so its parts are.
    const outcome = await services.live.call(params.name, body.tool, body.arguments as JsonObject);
    return { ...outcome, durationMs: services.clock.monotonicMs() - startedMs };
  },
});
