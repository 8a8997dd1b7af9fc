import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { type Limit, LimitOperations, ListLimits, ListLimitUsage, ResetLimit } from '../../contract/limits.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { bindObjects } from '../objects/bind-objects.ts';
import { pageOf } from '../objects/page.ts';
import { showObject } from '../objects/show-object.ts';
import { bindAction, bindRead } from '../operation.ts';

const kind = 'limits';

export const listLimits = bindRead(ListLimits, async ({ query, viewer, services }) => {
  const limits = services.objects().filter((object) => object.kind === kind);
  const page = pageOf(limits, query, viewer);
  return { items: page.objects.map(showLimit), nextCursor: page.nextCursor };
});

export const limitOperations = bindObjects(kind, LimitOperations, showLimit);

function showLimit(object: ConfigObject): Limit {
  return showObject(object);
}

/** Whom a counter counts is told to those who may see everybody's things. */
export const listLimitUsage = bindRead(ListLimitUsage, async ({ query, viewer, services }) => {
  const uses = await services.governance.usage();
  const shown = uses.filter(({ limit, identity }) => (query.limit === undefined || limit.id === query.limit) && (identity === '' || viewer.permissions.has('private:all')));
  const items = shown.map(({ limit, subject, identity, unit, used, waiting, resetsAtMs }) => ({
    limit: limit.id,
    kind: limit.kind,
    scope: limit.scope,
    subject,
    identity,
    unit,
    used,
    max: limit.max,
    waiting,
    resetsAt: resetsAtMs === undefined ? null : toIso(resetsAtMs),
  }));
  return { store: services.governance.store(), items };
});

export const resetLimit = bindAction(ResetLimit, {
  begin: ({ body, services }) => {
    if (!isKnown(services.snapshot(), body.limit)) throw new Fault('request.not_found', { message: 'There is no such limit.', reason: 'limit' });
    return { subject: body.limit, detail: { ...body.counter } };
  },
  act: async ({ body, services }) => {
    await services.governance.reset(body.limit, body.counter);
    return { limit: body.limit };
  },
});

function isKnown({ endpoints }: Snapshot, id: string): boolean {
  return [...endpoints.values()].some(({ limits, reservations }) => limits.some((limit) => limit.id === id) || reservations?.all.some((limit) => limit.id === id));
}
