/** Scripts of code mode that wait for somebody. What they hold is sealed by who stores it. */
import type { Db } from './schema.ts';
import { query, transact } from './transaction.ts';

export interface ScriptRun {
  readonly id: string;
  readonly sealed: string;
  readonly expiresAtMs: number;
}

/** In place of one with the same id; those that are too old go. */
export function saveScriptRun(db: Db, run: ScriptRun, nowMs: number): Promise<void> {
  return transact(db, async (tx) => {
    await tx.deleteFrom('script_run').where((where) => where.or([where('id', '=', run.id), where('expires_at_ms', '<=', nowMs)])).execute();
    await tx.insertInto('script_run').values({ id: run.id, sealed: run.sealed, expires_at_ms: run.expiresAtMs }).execute();
  });
}

/** Once: whoever comes second finds nothing. */
export async function takeScriptRun(db: Db, id: string, nowMs: number): Promise<string | undefined> {
  const row = await query(db, () => db.deleteFrom('script_run').where('id', '=', id).where('expires_at_ms', '>', nowMs).returning('sealed').executeTakeFirst());
  return row?.sealed;
}
