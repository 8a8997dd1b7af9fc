/** Named secrets in the database. Values go in and out through the envelope only. */
import type { Envelope } from './data-keys.ts';
import type { Db, Tx } from './schema.ts';

export interface StoredSecret {
  readonly name: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** By name; never with values. */
export async function listSecrets(db: Db): Promise<StoredSecret[]> {
  const rows = await db.selectFrom('secret').select(['name', 'created_at_ms', 'updated_at_ms']).orderBy('name').execute();
  return rows.map((row) => ({ name: row.name, createdAtMs: row.created_at_ms, updatedAtMs: row.updated_at_ms }));
}

/** Sets the value, whether there was one or not. */
export async function upsertSecret(tx: Tx, envelope: Envelope, secret: { readonly name: string; readonly value: string; readonly atMs: number }): Promise<StoredSecret> {
  const { name, value, atMs } = secret;
  const { dataKey, sealed } = await envelope.seal(tx, value, recordOf(name));
  await tx
    .insertInto('secret')
    .values({ name, data_key: dataKey, sealed, created_at_ms: atMs, updated_at_ms: atMs })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ data_key: dataKey, sealed, updated_at_ms: atMs }))
    .execute();
  const row = await tx.selectFrom('secret').select('created_at_ms').where('name', '=', name).executeTakeFirstOrThrow();
  return { name, createdAtMs: row.created_at_ms, updatedAtMs: atMs };
}

/** False where there is none of that name. */
export async function deleteSecret(tx: Tx, name: string): Promise<boolean> {
  const result = await tx.deleteFrom('secret').where('name', '=', name).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** The values of those names that there are. Throws `storage.secret_unreadable`. */
export async function openSecrets(db: Db, envelope: Envelope, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  if (names.length === 0) return values;
  const rows = await db.selectFrom('secret').selectAll().where('name', 'in', [...names]).execute();
  for (const row of rows) values.set(row.name, await envelope.open(db, { dataKey: row.data_key, sealed: row.sealed }, recordOf(row.name)));
  return values;
}

/** Seals every value with the present data key. Resolves with how many there are. */
export async function resealSecrets(tx: Tx, envelope: Envelope): Promise<number> {
  const rows = await tx.selectFrom('secret').selectAll().execute();
  for (const row of rows) {
    const plain = await envelope.open(tx, { dataKey: row.data_key, sealed: row.sealed }, recordOf(row.name));
    const { dataKey, sealed } = await envelope.seal(tx, plain, recordOf(row.name));
    await tx.updateTable('secret').set({ data_key: dataKey, sealed }).where('name', '=', row.name).execute();
  }
  return rows.length;
}

function recordOf(name: string): string {
  return `secret:${name}`;
}
