import type { StoredKey } from '../../snapshot/compile-context.ts';
import { listActiveKeys } from '../../storage/keys.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { query } from '../../storage/transaction.ts';

/** The stored keys that are not revoked: what a compilation takes as `extraKeys`. */
export async function loadKeys(storage: Storage): Promise<StoredKey[]> {
  const keys = await query(storage.db, listActiveKeys);
  return keys.map(({ digest, id, name, endpoints, expiresAtMs }) => ({ digest, id, name, endpoints, expiresAtMs }));
}
