/**
 * Keys in the database. Each function is one statement and takes the connection or transaction it runs in as its
 * first argument, so a caller can see what is atomic. Values are never here, only keyed digests and, for the starter
 * key, the sealed value.
 */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import type { KeySpec } from '../model/key.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, KeyTable, Tx } from './schema.ts';
import { isUniqueViolation } from './transaction.ts';

const NamesSchema = z.array(z.string());

export interface StoredKey extends KeySpec {
  /** Keyed digest of the value, hex. */
  readonly digest: string;
  /** Only for a key whose value is shown again: the starter key. */
  readonly sealedValue: string | undefined;
  /** The value before the last rotation still opens until then. */
  readonly former?: { readonly digest: string; readonly untilMs: number } | undefined;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
}

/** Throws `request.conflict` where a key that is not revoked has the name. */
export async function insertKey(tx: Tx, key: StoredKey): Promise<void> {
  try {
    await tx.insertInto('key').values(toRow(key)).execute();
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new Fault('request.conflict', { message: `There is a key named ${JSON.stringify(key.name)} already.`, cause: thrown });
  }
}

/** Every key, revoked ones too, oldest first. */
export async function listKeys(db: Db): Promise<StoredKey[]> {
  const rows = await db.selectFrom('key').selectAll().orderBy('created_at_ms').orderBy('id').execute();
  return rows.map(fromRow);
}

/** Keys that are not revoked and whose owner is not shut out; an expired one is still among them. */
export async function listActiveKeys(db: Db): Promise<StoredKey[]> {
  const disabled = db.selectFrom('user').select('id').where('disabled_at_ms', 'is not', null);
  const rows = await db
    .selectFrom('key')
    .selectAll()
    .where('revoked_at_ms', 'is', null)
    .where((where) => where.or([where('owner', 'is', null), where('owner', 'not in', disabled)]))
    .orderBy('id')
    .execute();
  return rows.map(fromRow);
}

export async function findKey(db: Db, id: string): Promise<StoredKey | undefined> {
  const row = await db.selectFrom('key').selectAll().where('id', '=', id).executeTakeFirst();
  return row && fromRow(row);
}

/** Also forgets a sealed value. False where there is no such key, or none that is not revoked already. */
export async function revokeKey(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const change = { revoked_at_ms: atMs, sealed_value: null, former_digest: null, former_until_ms: null };
  const result = await tx.updateTable('key').set(change).where('id', '=', id).where('revoked_at_ms', 'is', null).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** What it opens and until when. */
export async function updateKeyReach(tx: Tx, id: string, reach: { readonly endpoints: readonly string[]; readonly expiresAtMs: number | undefined }): Promise<void> {
  await tx
    .updateTable('key')
    .set({ endpoints: toJson(reach.endpoints), expires_at_ms: reach.expiresAtMs ?? null })
    .where('id', '=', id)
    .execute();
}

/** A new value; the one before still opens for a while. */
export async function rotateKey(tx: Tx, id: string, { digest, sealedValue, former }: Pick<StoredKey, 'digest' | 'sealedValue' | 'former'>): Promise<void> {
  await tx
    .updateTable('key')
    .set({ digest, sealed_value: sealedValue ?? null, former_digest: former?.digest ?? null, former_until_ms: former?.untilMs ?? null })
    .where('id', '=', id)
    .execute();
}

/** Resolves with the ids of those that were not revoked yet. */
export async function revokeKeysOf(tx: Tx, owner: string, atMs: number): Promise<string[]> {
  const rows = await tx.selectFrom('key').select('id').where('owner', '=', owner).where('revoked_at_ms', 'is', null).execute();
  for (const { id } of rows) await revokeKey(tx, id, atMs);
  return rows.map(({ id }) => id);
}

/** Never moves the time back: another gateway may have seen a later use. */
export async function updateKeyLastUsed(db: Db, id: string, atMs: number): Promise<void> {
  await db
    .updateTable('key')
    .set({ last_used_at_ms: atMs })
    .where('id', '=', id)
    .where((where) => where.or([where('last_used_at_ms', 'is', null), where('last_used_at_ms', '<', atMs)]))
    .execute();
}

function toRow(key: StoredKey): Selectable<KeyTable> {
  return {
    id: key.id,
    name: key.name,
    endpoints: toJson(key.endpoints),
    digest: key.digest,
    sealed_value: key.sealedValue ?? null,
    expires_at_ms: key.expiresAtMs ?? null,
    created_at_ms: key.createdAtMs,
    last_used_at_ms: key.lastUsedAtMs ?? null,
    revoked_at_ms: key.revokedAtMs ?? null,
    owner: key.owner ?? null,
    namespaces: key.namespaces === undefined ? null : toJson(key.namespaces),
    tools: key.tools === undefined ? null : toJson(key.tools),
    former_digest: key.former?.digest ?? null,
    former_until_ms: key.former?.untilMs ?? null,
  };
}

function fromRow(row: Selectable<KeyTable>): StoredKey {
  return {
    id: row.id,
    name: row.name,
    endpoints: fromJson(NamesSchema, row.endpoints),
    digest: row.digest,
    sealedValue: row.sealed_value ?? undefined,
    expiresAtMs: row.expires_at_ms ?? undefined,
    createdAtMs: row.created_at_ms,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    owner: row.owner ?? undefined,
    namespaces: row.namespaces === null ? undefined : fromJson(NamesSchema, row.namespaces),
    tools: row.tools === null ? undefined : fromJson(NamesSchema, row.tools),
    former: row.former_digest === null || row.former_until_ms === null ? undefined : { digest: row.former_digest, untilMs: row.former_until_ms },
  };
}
