import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { CloseInspection, ListInspectionMessages, ListInspections, OpenInspection } from '../../contract/inspections.ts';
import { keyPrincipalId, type Principal, userPrincipalId } from '../../model/principal.ts';
import { findUser } from '../../storage/users.ts';
import { maySee, type Viewer } from '../configuration/visibility.ts';
import type { LiveInspection } from '../live-inspections.ts';
import { type AdminServices, bindAction, bindRead } from '../operation.ts';

function show({ id, target, path, principal, expiresAtMs }: LiveInspection) {
  return { id, target, path, principal: { kind: principal.kind, name: principal.name }, expiresAt: toIso(expiresAtMs) };
}

export const listInspections = bindRead(ListInspections, async ({ viewer, services }) => ({ items: own(services, viewer).map(show) }));

export const listInspectionMessages = bindRead(ListInspectionMessages, async ({ params, query, viewer, services }) => {
  const { id } = getInspection(services, params.id, viewer);
  return { items: services.inspections.messages(id, query.after).map(({ atMs, ...message }) => ({ ...message, at: toIso(atMs) })) };
});

export const openInspection = bindAction(OpenInspection, {
  begin: ({ body }) => ({ subject: `${body.target.kind} ${body.target.name}`, detail: body.as === undefined ? {} : { as: body.as } }),
  async act({ body, principal, viewer, services }) {
    const { kind, name } = body.target;
    const object = services.objects().find((one) => one.kind === `${kind}s` && one.name === name);
    if (object === undefined || !maySee(viewer, object)) throw new Fault('request.not_found', { message: `There is no ${kind} of this name.`, reason: kind });
    const viewed = body.as === undefined ? ownPrincipal(principal) : await principalOf(body.as, viewer, services);
    const inspection = services.inspections.open(body.target, viewed, viewer.principalId);
    return { ...show(inspection), token: inspection.token };
  },
});

export const closeInspection = bindAction(CloseInspection, {
  begin: ({ params, viewer, services }) => {
    const { target } = getInspection(services, params.id, viewer);
    return { subject: `${target.kind} ${target.name}` };
  },
  async act({ params, viewer, services }) {
    const inspection = getInspection(services, params.id, viewer);
    services.inspections.close(inspection.id);
    return show(inspection);
  },
});

function own({ inspections }: AdminServices, viewer: Viewer): readonly LiveInspection[] {
  return inspections.list().filter(({ openedBy }) => openedBy === viewer.principalId);
}

function getInspection(services: AdminServices, id: string, viewer: Viewer): LiveInspection {
  const inspection = own(services, viewer).find((one) => one.id === id);
  if (inspection === undefined) throw new Fault('request.not_found', { message: 'There is no open inspection of this id.', reason: 'inspection' });
  return inspection;
}

/** As whom a person's own MCP client would come through OAuth. */
function ownPrincipal(principal: Principal): Principal {
  return principal.kind === 'user' ? { ...principal, id: userPrincipalId(principal.id) } : principal;
}

async function principalOf(as: { readonly key: string } | { readonly user: string }, { permissions }: Viewer, { snapshot, storage }: AdminServices): Promise<Principal> {
  if (!permissions.has('inspection:as')) throw new Fault('auth.scope_missing', { message: 'Looking as somebody else takes an administrator.', reason: 'permission' });
  if ('key' in as) {
    const key = [...snapshot().keys.values()].find(({ id }) => id === as.key);
    if (key === undefined) throw new Fault('request.not_found', { message: 'There is no key of this id.', reason: 'key' });
    return { kind: 'key', id: keyPrincipalId(key.id), credentialId: key.id, name: key.name, labels: key.labels, tools: key.tools };
  }
  const user = await findUser(storage.db, as.user);
  if (user === undefined) throw new Fault('request.not_found', { message: 'There is no user of this id.', reason: 'user' });
  return { kind: 'user', id: userPrincipalId(user.id), credentialId: user.id, name: user.name, roles: [user.role] };
}
