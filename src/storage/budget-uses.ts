/** What was used of budgets, as sums by counter and period. Several gateways add to one sum. */
import { sql } from 'kysely';
import type { Db, Tx } from './schema.ts';

export interface StoredBudgetUse {
  readonly key: string;
  readonly periodMs: number;
  readonly amount: number;
}

/** Sums of these and later periods. */
export async function listBudgetUses(db: Db, sinceMs: number): Promise<StoredBudgetUse[]> {
  const rows = await db.selectFrom('budget_use').selectAll().where('period_ms', '>=', sinceMs).execute();
  return rows.map((row) => ({ key: row.counter, periodMs: row.period_ms, amount: row.amount }));
}

/** Adds to the sum; resolves with what it is then. */
export async function addBudgetUse(tx: Tx, { key, periodMs, amount }: StoredBudgetUse): Promise<StoredBudgetUse> {
  const row = await tx
    .insertInto('budget_use')
    .values({ counter: key, period_ms: periodMs, amount })
    .onConflict((conflict) => conflict.columns(['counter', 'period_ms']).doUpdateSet({ amount: sql<number>`budget_use.amount + excluded.amount` }))
    .returning('amount')
    .executeTakeFirstOrThrow();
  return { key, periodMs, amount: row.amount };
}

/** Forgets the sums of counters whose key begins so. */
export async function deleteBudgetUses(tx: Tx, prefix: string): Promise<void> {
  await tx.deleteFrom('budget_use').where(sql<string>`substr(counter, 1, ${prefix.length})`, '=', prefix).execute();
}

export async function deleteBudgetUsesBefore(tx: Tx, beforeMs: number): Promise<void> {
  await tx.deleteFrom('budget_use').where('period_ms', '<', beforeMs).execute();
}
