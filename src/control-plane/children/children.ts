import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { type ChildSchema, ListChildEvents, ListChildren, StopChild } from '../../contract/on-demand.ts';
import { findChildEvents } from '../../storage/child-events.ts';
import type { Viewer } from '../configuration/visibility.ts';
import type { LiveChild, OnDemandServices } from '../on-demand-services.ts';
import { bindAction, bindRead } from '../operation.ts';
import type { z } from 'zod';

/** Throws `request.not_found` in a gateway without servers on demand. */
function onDemandOf({ onDemand }: { readonly onDemand?: OnDemandServices | undefined }): OnDemandServices {
  if (onDemand === undefined) throw new Fault('request.not_found');
  return onDemand;
}

/** One's own, and with the right to see what is private everyone's. */
function visible(services: OnDemandServices, viewer: Viewer): readonly LiveChild[] {
  return services.children().filter(({ principal }) => viewer.permissions.has('private:all') || principal === viewer.principalId || principal === `user:${viewer.principalId}`);
}

function show({ createdAtMs, pid, ...child }: LiveChild): z.input<typeof ChildSchema> {
  return { ...child, pid: pid ?? null, createdAt: toIso(createdAtMs) };
}

export const listChildren = bindRead(ListChildren, async ({ services, viewer }) => {
  const onDemand = onDemandOf(services);
  return { items: visible(onDemand, viewer).map(show), hasSandbox: onDemand.hasSandbox };
});

export const stopChild = bindAction(StopChild, {
  begin: ({ services, params, viewer }) => ({ subject: getChild(onDemandOf(services), params.id, viewer).id }),
  act: async ({ services, params, viewer }) => {
    const onDemand = onDemandOf(services);
    const child = getChild(onDemand, params.id, viewer);
    await onDemand.stopChild(child.id);
    return show({ ...child, status: 'stopped', pid: undefined });
  },
});

function getChild(services: OnDemandServices, id: string, viewer: Viewer): LiveChild {
  const found = visible(services, viewer).find((child) => child.id === id);
  if (found === undefined) throw new Fault('request.not_found', { message: 'There is no server on demand of this id.', reason: 'child' });
  return found;
}

export const listChildEvents = bindRead(ListChildEvents, async ({ db, query, services }) => {
  await services.onDemand?.settleEvents();
  const { kind, serverId, principal, before, limit } = query;
  const events = await findChildEvents(db, { limit, kind, serverId, principal, beforeId: before });
  return { items: events.map(({ atMs, ...event }) => ({ ...event, at: toIso(atMs) })) };
});
