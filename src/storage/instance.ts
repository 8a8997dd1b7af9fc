/** The one row that says which instance this database belongs to. */
import { Fault } from '../base/fault.ts';
import type { Db } from './schema.ts';

export interface Instance {
  readonly id: string;
  readonly createdAtMs: number;
  readonly keyCheck: string;
}

/**
 * The instance as stored, or `fresh` where there was none. Faults: `storage.secret_unreadable` where the data
 * folder's instance key is not the one this database was made with: every key and secret in it would be dead.
 */
export async function checkInstance(db: Db, fresh: Instance): Promise<Instance> {
  const row = { only_row: 1, id: fresh.id, created_at_ms: fresh.createdAtMs, key_check: fresh.keyCheck };
  await db
    .insertInto('instance')
    .values(row)
    .onConflict((conflict) => conflict.column('only_row').doNothing())
    .execute();
  const stored = await db.selectFrom('instance').selectAll().executeTakeFirstOrThrow();
  if (stored.key_check !== fresh.keyCheck) {
    throw new Fault('storage.secret_unreadable', {
      message: 'The instance.key in the data folder is not the one this database was made with: put the former one back.',
    });
  }
  return { id: stored.id, createdAtMs: stored.created_at_ms, keyCheck: stored.key_check };
}
