import { GetCosts } from '../../contract/costs.ts';
import { sumLedger } from '../../storage/cost-ledger.ts';
import { bindRead } from '../operation.ts';
import { narrowed, visiblePrincipals } from '../recorded-request.ts';

export const getCosts = bindRead(GetCosts, async ({ query, db, viewer, services }) => {
  const { groupBy, principal, limit, ...filter } = query;
  await services.recordings.settle();
  const asked = { ...filter, principals: narrowed(principal, await visiblePrincipals(db, viewer)) };
  const rows = await sumLedger(db, { ...asked, groupBy, limit });
  const [total] = await sumLedger(db, { ...asked, groupBy: [], limit: 1 });
  const none = { calls: 0, errors: 0, bytesIn: 0, bytesOut: 0, tokens: 0, catalogTokens: 0, cost: 0 };
  return {
    items: rows.map(({ day = null, principal: who = null, endpoint = null, server = null, tool = null, ...sums }) => ({
      day,
      principal: who,
      endpoint,
      server,
      tool,
      ...sums,
    })),
    total: total ?? none,
  };
});
