/** What servers say without being asked, on its way to the clients that it is for. */
import type { JsonObject, Revision } from '../protocol/messages.ts';
import { isWanted } from '../upstream/log-level.ts';
import type { ServerRequest } from '../upstream/upstream.ts';
import type { ConnectionOwner, Upstreams, UpstreamsEvents } from '../upstream/upstreams.ts';
import { missingCapability } from './capabilities.ts';
import type { Catalogs } from './catalogs.ts';
import type { Deliveries, DeliveryKind } from './deliveries.ts';
import { markedForm } from './secret-forms.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { TaskIds } from './task-ids.ts';

/** Who is concerned by what servers say of themselves. */
export interface EventsDeps {
  readonly catalogs: Catalogs;
  readonly subscriptions: Subscriptions;
  readonly sessions: Sessions;
  readonly upstreams: Upstreams;
  readonly deliveries: Deliveries;
  readonly taskIds: TaskIds;
}

/** What becomes of it. */
export function eventsFor(deps: EventsDeps): UpstreamsEvents {
  const { catalogs, subscriptions, sessions, upstreams } = deps;
  return {
    listChanged: (server) => {
      catalogs.listChanged(server);
      subscriptions.listsChanged();
    },
    listAnnounced: (server, kind) => subscriptions.listAnnounced(server, kind),
    stateChanged: (server) => {
      catalogs.changed();
      subscriptions.listsChanged();
      const status = upstreams.state(server)?.status;
      if (status === 'ready' || status === 'degraded') subscriptions.serverReady(server);
    },
    resourceUpdated: (owner, params) => subscriptions.resourceUpdated(owner, params),
    notified: (owner, method, params) => notified(owner, { method, params }, deps),
    asked: (owner, request) => {
      const session = sessions.labelled(owner.sessionId);
      // Only a one-to-one session may be asked outside a call.
      if (session === undefined || missingCapability(request.method, request.params, session.opening) !== undefined) return false;
      askSession(session, request, owner.server);
      return true;
    },
  };
}

/** Notifications that name something a session was given before. */
const NAMED_NOTICES: ReadonlyMap<string, { readonly kind: DeliveryKind; readonly member: string }> = new Map([
  ['notifications/elicitation/complete', { kind: 'elicitation', member: 'elicitationId' }],
  ['notifications/tasks/status', { kind: 'task', member: 'taskId' }],
]);
const NAMED_SINCE = '2025-11-25' satisfies Revision;

/** A notification that belongs to no call goes to the one client it is for, by what it names or whose connection it came over. */
function notified(owner: ConnectionOwner, { method, params }: { readonly method: string; readonly params: JsonObject }, { subscriptions, sessions, deliveries, taskIds }: EventsDeps): void {
  const own = sessions.labelled(owner.sessionId);
  if (method === 'notifications/tasks') subscriptions.taskChanged(owner, params);
  else if (method.endsWith('/list_changed')) subscriptions.ownListChanged(owner, method);
  else if (method === 'notifications/message') {
    if (own !== undefined && isWanted(params['level'], own.logLevel)) own.notify(method, params);
  } else {
    const named = NAMED_NOTICES.get(method);
    const session = (named === undefined ? undefined : deliveries.find(named.kind, owner.server, params[named.member])) ?? own;
    // What a revision does not have, its clients are not told.
    if (named !== undefined && (session?.opening.revision ?? '') < NAMED_SINCE) return;
    session?.notify(method, taskIds.inMessage(params, owner.server, { endpoint: session.opening.endpoint, principal: session.opening.principal.id }));
  }
}

function askSession(session: Session, request: ServerRequest, server: string): void {
  try {
    const { answer, cancel } = session.ask({ ...request, params: markedForm(request.method, request.params, server) }, (message) => session.carry(message));
    request.onWithdrawn = cancel;
    void answer.then((settled) => (settled.kind === 'result' ? request.reply(settled.result) : request.refuse(settled.error)));
  } catch {
    // The client has no stream open on which it could be asked.
    request.refuse({ code: -32601, message: 'Method not found' });
  }
}
