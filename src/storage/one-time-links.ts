/** One-time links in the database: the first operator's, invitations, password resets. The token is here only as a keyed digest. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { ROLES, type Role } from '../model/role.ts';
import type { OneTimeLinkTable } from './people-tables.ts';
import type { Db, Tx } from './schema.ts';

export const LINK_PURPOSES = ['first_operator', 'invitation', 'password_reset'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

export interface StoredLink {
  readonly id: string;
  readonly digest: string;
  readonly purpose: LinkPurpose;
  /** Of the user it makes. */
  readonly role: Role | undefined;
  /** The only address it may be used with. */
  readonly email: string | undefined;
  /** Whose password it resets. */
  readonly userId: string | undefined;
  /** Id of a principal. */
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | undefined;
}

export async function insertLink(tx: Tx, link: StoredLink): Promise<void> {
  await tx
    .insertInto('one_time_link')
    .values({
      id: link.id,
      digest: link.digest,
      purpose: link.purpose,
      role: link.role ?? null,
      email: link.email ?? null,
      user_id: link.userId ?? null,
      created_by: link.createdBy,
      created_at_ms: link.createdAtMs,
      expires_at_ms: link.expiresAtMs,
      used_at_ms: link.usedAtMs ?? null,
    })
    .execute();
}

/** One that can still be used. */
export async function findOpenLink(db: Db, digest: string, nowMs: number): Promise<StoredLink | undefined> {
  const row = await db.selectFrom('one_time_link').selectAll().where('digest', '=', digest).where('used_at_ms', 'is', null).where('expires_at_ms', '>', nowMs).executeTakeFirst();
  return row && fromRow(row);
}

/** False where another request was faster: of two that use one link at a time, one wins. */
export async function useLink(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const { numUpdatedRows } = await tx.updateTable('one_time_link').set({ used_at_ms: atMs }).where('id', '=', id).where('used_at_ms', 'is', null).where('expires_at_ms', '>', atMs).executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Invitations that can still be used, oldest first. */
export async function listOpenInvitations(db: Db, nowMs: number): Promise<StoredLink[]> {
  const rows = await db.selectFrom('one_time_link').selectAll().where('purpose', '=', 'invitation').where('used_at_ms', 'is', null).where('expires_at_ms', '>', nowMs).orderBy('id').execute();
  return rows.map(fromRow);
}

/** Takes back an open invitation; undefined where there is none of this id. */
export async function deleteInvitation(tx: Tx, id: string): Promise<StoredLink | undefined> {
  const row = await tx.deleteFrom('one_time_link').where('id', '=', id).where('purpose', '=', 'invitation').where('used_at_ms', 'is', null).returningAll().executeTakeFirst();
  return row && fromRow(row);
}

export async function deleteFirstOperatorLinks(tx: Tx): Promise<void> {
  await tx.deleteFrom('one_time_link').where('purpose', '=', 'first_operator').execute();
}

/** A password that was changed makes older links for it worthless. */
export async function deleteResetLinksOf(tx: Tx, userId: string): Promise<void> {
  await tx.deleteFrom('one_time_link').where('purpose', '=', 'password_reset').where('user_id', '=', userId).execute();
}

function fromRow(row: Selectable<OneTimeLinkTable>): StoredLink {
  return {
    id: row.id,
    digest: row.digest,
    purpose: z.enum(LINK_PURPOSES).parse(row.purpose),
    role: row.role === null ? undefined : z.enum(ROLES).parse(row.role),
    email: row.email ?? undefined,
    userId: row.user_id ?? undefined,
    createdBy: row.created_by,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    usedAtMs: row.used_at_ms ?? undefined,
  };
}
