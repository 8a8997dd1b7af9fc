import { ListAudit } from '../../contract/audit.ts';
import { bindRead } from '../operation.ts';
import { toRecordQuery } from '../recorded-request.ts';
import { showRecord } from './show-record.ts';

export const listAudit = bindRead(ListAudit, async ({ query, services }) => {
  const { cursor, limit, kind, call, ...filter } = query;
  const { store, settle } = services.recordings;
  await settle();
  const found = await store.find({
    ...toRecordQuery(filter),
    kinds: kind && [kind],
    callId: call,
    beforePosition: cursor === undefined ? undefined : Number(cursor),
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  return { items: page.map(showRecord), nextCursor: found.length > limit ? String(page.at(-1)?.position) : null };
});
