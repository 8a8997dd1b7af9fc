/** The ledger of costs: a row for each day, principal, endpoint, server and tool, added to as calls are written. */
import { sql } from 'kysely';
import type { LedgerKey, LedgerRow, LedgerSums } from '../audit/ledger.ts';
import type { Db, Tx } from './schema.ts';

export const LEDGER_GROUPS = ['day', 'principal', 'endpoint', 'server', 'tool'] as const;
export type LedgerGroup = (typeof LEDGER_GROUPS)[number];

/** Adds to what is there. */
export async function addToLedger(tx: Tx, rows: readonly LedgerRow[]): Promise<void> {
  for (const { day, principal, endpoint, server, tool, ...sums } of rows) {
    const { calls, errors, bytesIn, bytesOut, tokens, catalogTokens, cost } = sums;
    await tx
      .insertInto('cost_ledger')
      .values({ day, principal, endpoint, server, tool, calls, errors, bytes_in: bytesIn, bytes_out: bytesOut, tokens, catalog_tokens: catalogTokens, cost })
      .onConflict((conflict) =>
        conflict.columns(['day', 'principal', 'endpoint', 'server', 'tool']).doUpdateSet({
          calls: sql`cost_ledger.calls + ${calls}`,
          errors: sql`cost_ledger.errors + ${errors}`,
          bytes_in: sql`cost_ledger.bytes_in + ${bytesIn}`,
          bytes_out: sql`cost_ledger.bytes_out + ${bytesOut}`,
          tokens: sql`cost_ledger.tokens + ${tokens}`,
          catalog_tokens: sql`cost_ledger.catalog_tokens + ${catalogTokens}`,
          cost: sql`cost_ledger.cost + ${cost}`,
        }),
      )
      .execute();
  }
}

export interface LedgerQuery {
  readonly groupBy: readonly LedgerGroup[];
  /** First and last day, UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** One of these; undefined: anybody. */
  readonly principals?: readonly string[] | undefined;
  readonly endpoint?: string | undefined;
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly limit: number;
}

export type LedgerGroupRow = Partial<LedgerKey> & LedgerSums;

/** Newest days first, then what cost and was called most. An empty `groupBy` gives the sum of all in one row. */
export async function sumLedger(db: Db, query: LedgerQuery): Promise<LedgerGroupRow[]> {
  const { groupBy, from, to, principals, limit } = query;
  let select = db
    .selectFrom('cost_ledger')
    .select(({ fn }) => [
      fn.coalesce(fn.sum<number>('calls'), sql<number>`0`).as('calls'),
      fn.coalesce(fn.sum<number>('errors'), sql<number>`0`).as('errors'),
      fn.coalesce(fn.sum<number>('bytes_in'), sql<number>`0`).as('bytesIn'),
      fn.coalesce(fn.sum<number>('bytes_out'), sql<number>`0`).as('bytesOut'),
      fn.coalesce(fn.sum<number>('tokens'), sql<number>`0`).as('tokens'),
      fn.coalesce(fn.sum<number>('catalog_tokens'), sql<number>`0`).as('catalogTokens'),
      fn.coalesce(fn.sum<number>('cost'), sql<number>`0`).as('cost'),
    ])
    .limit(limit);
  if (groupBy.length > 0) select = select.select([...groupBy]).groupBy([...groupBy]);
  if (groupBy.includes('day')) select = select.orderBy('day', 'desc');
  select = select.orderBy(sql`7`, 'desc').orderBy(sql`1`, 'desc');
  if (from !== undefined) select = select.where('day', '>=', from);
  if (to !== undefined) select = select.where('day', '<=', to);
  if (principals !== undefined) select = select.where('principal', 'in', principals.length === 0 ? ['\u0001nobody'] : [...principals]);
  for (const column of ['endpoint', 'server', 'tool'] as const) {
    const wanted = query[column];
    if (wanted !== undefined) select = select.where(column, '=', wanted);
  }
  const rows = (await select.execute()) as LedgerGroupRow[];
  // PostgreSQL gives sums as text.
  return rows.map((row) => ({
    ...row,
    calls: Number(row.calls),
    errors: Number(row.errors),
    bytesIn: Number(row.bytesIn),
    bytesOut: Number(row.bytesOut),
    tokens: Number(row.tokens),
    catalogTokens: Number(row.catalogTokens),
    cost: Number(row.cost),
  }));
}
