/** What ties users to an identity provider: its issuer and subject, never an e-mail address; and sign-ins there that are under way. */
import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, Tx } from './schema.ts';
import { isUniqueViolation } from './transaction.ts';

export interface StoredProviderUser {
  readonly issuer: string;
  readonly subject: string;
  readonly userId: string;
  /** As the provider named them at the last sign-in. */
  readonly groups: readonly string[];
  readonly linkedAtMs: number;
}

/** Throws `request.conflict` where the provider's user belongs to somebody already. */
export async function insertProviderUser(tx: Tx, { issuer, subject, userId, groups, linkedAtMs }: StoredProviderUser): Promise<void> {
  try {
    await tx
      .insertInto('provider_user')
      .values({ issuer, subject, user_id: userId, groups: toJson(groups), linked_at_ms: linkedAtMs })
      .execute();
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new Fault('request.conflict', { message: 'This login of the identity provider belongs to another user.', reason: 'provider_user_taken', cause: thrown });
  }
}

export async function findProviderUser(db: Db, issuer: string, subject: string): Promise<StoredProviderUser | undefined> {
  const row = await db.selectFrom('provider_user').selectAll().where('issuer', '=', issuer).where('subject', '=', subject).executeTakeFirst();
  return row && { issuer, subject, userId: row.user_id, groups: fromJson(z.array(z.string()), row.groups), linkedAtMs: row.linked_at_ms };
}

/** Of one user, in the order they were linked. */
export async function listProviderUsers(db: Db, userId: string): Promise<StoredProviderUser[]> {
  const rows = await db.selectFrom('provider_user').selectAll().where('user_id', '=', userId).orderBy('linked_at_ms').execute();
  return rows.map((row) => ({ issuer: row.issuer, subject: row.subject, userId, groups: fromJson(z.array(z.string()), row.groups), linkedAtMs: row.linked_at_ms }));
}

export async function updateProviderGroups(tx: Tx, { issuer, subject, groups }: Pick<StoredProviderUser, 'issuer' | 'subject' | 'groups'>): Promise<void> {
  await tx
    .updateTable('provider_user')
    .set({ groups: toJson(groups) })
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute();
}

/** Also forgets those that were never finished. */
export async function insertProviderFlow(tx: Tx, flow: { readonly stateDigest: string; readonly body: string; readonly expiresAtMs: number }, nowMs: number): Promise<void> {
  await tx.deleteFrom('provider_flow').where('expires_at_ms', '<=', nowMs).execute();
  await tx.insertInto('provider_flow').values({ state_digest: flow.stateDigest, body: flow.body, expires_at_ms: flow.expiresAtMs }).execute();
}

/** The sealed body, once: whoever takes it is the only one. */
export async function takeProviderFlow(db: Db, stateDigest: string, nowMs: number): Promise<string | undefined> {
  const row = await db.deleteFrom('provider_flow').where('state_digest', '=', stateDigest).returningAll().executeTakeFirst();
  return row !== undefined && row.expires_at_ms > nowMs ? row.body : undefined;
}
