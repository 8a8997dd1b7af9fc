/**
 * The starter key: made at the first start, so that the start message can show a key that works. Its value stays
 * sealed until the key is revoked; then there is none, and no later start makes another.
 */
import { z } from 'zod';
import { open } from '../../base/sealed.ts';
import { insertAuditEvent } from '../../storage/audit-events.ts';
import { findKey, insertKey } from '../../storage/keys.ts';
import type { Db, Tx } from '../../storage/schema.ts';
import { findSetting, upsertSetting } from '../../storage/settings.ts';
import { transact } from '../../storage/transaction.ts';
import type { AdminServices } from '../operation.ts';
import { type MakeKeyServices, makeKey, sealedRecordOf } from '../make-key.ts';

const SETTING = 'starter_key';
const StarterKeySetting = z.object({ id: z.string() });

export interface StarterKey {
  readonly id: string;
  readonly value: string;
}

export type StarterKeyServices = MakeKeyServices & Pick<AdminServices, 'storage'>;

/** The starter key, made where there never was one; undefined once it was revoked. Call before the first snapshot. */
export async function openStarterKey(services: StarterKeyServices): Promise<StarterKey | undefined> {
  return transact(services.storage.db, async (tx) => {
    const id = await findStarterKeyId(tx);
    if (id === undefined) return create(tx, services);
    const key = await findKey(tx, id);
    if (key?.sealedValue === undefined) return undefined;
    return { id, value: open(key.sealedValue, { key: services.instanceKey.sealing, record: sealedRecordOf(id) }) };
  });
}

export async function findStarterKeyId(db: Db): Promise<string | undefined> {
  return (await findSetting(db, SETTING, StarterKeySetting))?.id;
}

async function create(tx: Tx, services: StarterKeyServices): Promise<StarterKey> {
  const { key, value } = await makeKey(tx, { name: 'starter', endpoints: ['*'], expiresAtMs: undefined, isSealed: true }, services);
  await insertKey(tx, key);
  await upsertSetting(tx, SETTING, { id: key.id });
  await insertAuditEvent(tx, { atMs: key.createdAtMs, principal: 'gateway', action: 'createStarterKey', subject: key.id, outcome: 'done', detail: {} });
  return { id: key.id, value };
}
