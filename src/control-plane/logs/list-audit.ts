import { toIso } from '../../base/clock.ts';
import { ListAudit } from '../../contract/logs.ts';
import { findAuditEvents } from '../../storage/audit-events.ts';
import { bindRead } from '../operation.ts';

export const listAudit = bindRead(ListAudit, async ({ query, db }) => {
  const { cursor, limit, ...filter } = query;
  const events = await findAuditEvents(db, { ...filter, beforeSeq: cursor === undefined ? undefined : Number(cursor), limit: limit + 1 });
  const page = events.slice(0, limit);
  return {
    items: page.map(({ atMs, ...event }) => ({ ...event, detail: { ...event.detail }, at: toIso(atMs) })),
    nextCursor: events.length > limit ? String(page.at(-1)?.seq) : null,
  };
});
