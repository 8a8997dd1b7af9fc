/** What the servers' runtimes tell the rest of the gateway. */
import type { AdminEvents } from '../control-plane/events/admin-events.ts';
import type { DataPlane } from '../data-plane/data-plane.ts';
import type { Log } from '../observability/log.ts';
import type { ServerState, Upstreams, UpstreamsEvents } from '../upstream/upstreams.ts';

/** A start is over when every server is connected, failed, or so old. */
const SETTLE_MS = 5_000;
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

/** Waits for the servers at the start and tells which of them are not there, to the log and to the person at the console. */
export async function tellReady(upstreams: Upstreams, log: Log, say: (line: string) => void): Promise<void> {
  await upstreams.settled(SETTLE_MS);
  const states = upstreams.states();
  const ready = states.filter(({ status }) => status === 'ready' || status === 'degraded');
  log.info('servers ready', { ready: ready.length, of: states.length });
  say(`servers ready (${ready.length} of ${states.length})`);
  for (const state of states) {
    if (ready.includes(state)) continue;
    log.error('server not ready', { server: state.name, status: state.status, detail: state.lastError, stderr: state.stderrTail.slice(-STDERR_LOGGED_CHARS_MAX) });
    say(`warning: server ${state.name} is ${state.status}: ${state.lastError ?? 'no answer yet'} (metamcp doctor says more)`);
  }
}
