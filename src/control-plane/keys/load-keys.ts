import type { KeySpec } from '../../model/key.ts';
import { listActiveKeys } from '../../storage/keys.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { query } from '../../storage/transaction.ts';

/** The keys that open something, by keyed digest: what a snapshot takes from the database. */
export async function loadKeys(storage: Storage): Promise<ReadonlyMap<string, KeySpec>> {
  const keys = await query(storage.db, listActiveKeys);
  return new Map(keys.map(({ digest, id, name, endpoints, expiresAtMs }) => [digest, { id, name, endpoints, expiresAtMs }]));
}
