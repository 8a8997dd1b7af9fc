/** What the servers' runtimes tell the rest of the gateway. */
import type { AdminEvents } from './control-plane/events/admin-events.ts';
import type { DataPlane } from './data-plane/data-plane.ts';
import type { Log } from './observability/log.ts';
import type { ServerState, UpstreamsEvents } from './upstream/upstreams.ts';

const STDERR_LOGGED_CHARS_MAX = 2_000;

/** What becomes of each server, with its last words where it went down, for the log and for who watches the admin API. */
export function logState(log: Log, server: string, state: ServerState | undefined, watched?: Pick<AdminEvents, 'serverChanged'>): void {
  watched?.serverChanged(server);
  if (state === undefined) {
    log.info('server removed', { server });
    return;
  }
  const { status, restarts, lastError } = state;
  if (status === 'ready' || status === 'degraded') log.info('server up', { server, status, restarts });
  else log.warn('server down', { server, status, restarts, detail: lastError, stderr: state.stderrTail.slice(-STDERR_LOGGED_CHARS_MAX) });
}

/** Upstreams and data plane need each other; the upstreams come first. */
export function lateEvents(dataPlane: () => DataPlane | undefined, noteState: (server: string) => void): UpstreamsEvents {
  const events = (): UpstreamsEvents | undefined => dataPlane()?.upstreamsEvents;
  return {
    listChanged: (server, kind) => events()?.listChanged(server, kind),
    listAnnounced: (server, kind) => events()?.listAnnounced?.(server, kind),
    stateChanged: (server) => {
      noteState(server);
      events()?.stateChanged(server);
    },
    resourceUpdated: (owner, params) => events()?.resourceUpdated(owner, params),
    notified: (owner, method, params) => events()?.notified(owner, method, params),
    asked: (owner, request) => events()?.asked(owner, request) ?? false,
  };
}

/** Calls of workflows, for when there is a data plane to make them. */
export function lateCalls(dataPlane: () => DataPlane | undefined): { readonly callTool: DataPlane['callTool']; readonly findPrincipal: DataPlane['findPrincipal'] } {
  return {
    callTool: async (call) => (await dataPlane()?.callTool(call)) ?? { kind: 'error', message: 'The gateway is starting.', effect: 'not_executed', isRetryable: true },
    findPrincipal: (id) => dataPlane()?.findPrincipal(id),
  };
}
