import { Fault } from '../../base/fault.ts';
import { toIso } from '../../base/clock.ts';
import { EndSession, ListSessions, type Session } from '../../contract/sessions.ts';
import { keyPrincipalId, userPrincipalId } from '../../model/principal.ts';
import { maySee, type Viewer } from '../configuration/visibility.ts';
import type { LiveSession } from '../live-sessions.ts';
import { type AdminServices, bindAction, bindRead } from '../operation.ts';

/** Sessions at endpoints that the viewer sees; at public ones, everyone's only with the right to see what is private. */
function visible({ sessions, objects, snapshot }: AdminServices, viewer: Viewer): LiveSession[] {
  const { principalId } = viewer;
  const keys = [...snapshot().keys.values()].filter(({ owner }) => owner === principalId).map(({ id }) => keyPrincipalId(id));
  const own = new Set([principalId, userPrincipalId(principalId), ...keys]);
  const endpoints = new Map(objects().flatMap((object) => (object.kind === 'endpoints' ? [[object.name, object]] : [])));
  return sessions.list().filter((session) => {
    const endpoint = endpoints.get(session.endpoint);
    const isOwn = own.has(session.principal.id) || (endpoint?.owner !== undefined && maySee(viewer, endpoint));
    return isOwn || viewer.permissions.has('private:all');
  });
}

function show({ client, openedMs, lastUsedMs, ...session }: LiveSession): Session {
  return { ...session, client: client ?? null, openedAt: toIso(openedMs), lastUsedAt: toIso(lastUsedMs) };
}

export const listSessions = bindRead(ListSessions, async ({ query, viewer, services }) => ({
  items: visible(services, viewer)
    .filter((session) => query.endpoint === undefined || session.endpoint === query.endpoint)
    .map(show),
}));

function getSession(services: AdminServices, id: string, viewer: Viewer): LiveSession {
  const session = visible(services, viewer).find((one) => one.id === id);
  if (session === undefined) throw new Fault('request.not_found', { message: 'There is no open session of this id.', reason: 'session' });
  return session;
}

export const endSession = bindAction(EndSession, {
  begin: ({ params, viewer, services }) => {
    const { id, endpoint } = getSession(services, params.id, viewer);
    return { subject: id, detail: { endpoint } };
  },
  async act({ params, viewer, services }) {
    const session = getSession(services, params.id, viewer);
    services.sessions.end(session.id);
    return show(session);
  },
});
