/**
 * Users in the database. Each function is one statement and takes the connection or transaction it runs in as its
 * first argument. A password is here only as a slow, salted hash.
 */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import { ROLES, type Role } from '../model/role.ts';
import type { UserTable } from './people-tables.ts';
import type { Db, Tx } from './schema.ts';
import { isUniqueViolation } from './transaction.ts';

export interface StoredUser {
  readonly id: string;
  /** Lower case. */
  readonly email: string | undefined;
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string | undefined;
  readonly createdAtMs: number;
  readonly lastSignInAtMs: number | undefined;
  readonly disabledAtMs: number | undefined;
}

/** Throws `request.conflict` where another user has the e-mail address. */
export async function insertUser(tx: Tx, user: StoredUser): Promise<void> {
  const row: Selectable<UserTable> = {
    id: user.id,
    email: user.email ?? null,
    name: user.name,
    role: user.role,
    password_hash: user.passwordHash ?? null,
    created_at_ms: user.createdAtMs,
    last_sign_in_at_ms: user.lastSignInAtMs ?? null,
    disabled_at_ms: user.disabledAtMs ?? null,
  };
  try {
    await tx.insertInto('user').values(row).execute();
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new Fault('request.conflict', { message: 'There is a user with this e-mail address already.', reason: 'email_taken', cause: thrown });
  }
}

export async function findUser(db: Db, id: string): Promise<StoredUser | undefined> {
  const row = await db.selectFrom('user').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toStoredUser(row);
}

/** `email` in lower case. */
export async function findUserByEmail(db: Db, email: string): Promise<StoredUser | undefined> {
  const row = await db.selectFrom('user').selectAll().where('email', '=', email).executeTakeFirst();
  return row && toStoredUser(row);
}

/** The page after `afterId`, oldest first (ids rise with time). */
export async function listUsers(db: Db, page: { readonly afterId: string; readonly limit: number; readonly role?: Role | undefined }): Promise<StoredUser[]> {
  let select = db.selectFrom('user').selectAll().where('id', '>', page.afterId);
  if (page.role !== undefined) select = select.where('role', '=', page.role);
  const rows = await select.orderBy('id').limit(page.limit).execute();
  return rows.map(toStoredUser);
}

/** Operators who are not disabled. */
export async function countOperators(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('user')
    .select((select) => select.fn.countAll().as('count'))
    .where('role', '=', 'operator')
    .where('disabled_at_ms', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export type UserChange = Partial<Pick<StoredUser, 'name' | 'role' | 'passwordHash' | 'lastSignInAtMs'>> & { readonly disabledAtMs?: number | null };

export async function updateUser(tx: Tx, id: string, change: UserChange): Promise<void> {
  const { name, role, passwordHash, lastSignInAtMs, disabledAtMs } = change;
  const set: Partial<UserTable> = {
    ...(name !== undefined && { name }),
    ...(role !== undefined && { role }),
    ...(passwordHash !== undefined && { password_hash: passwordHash }),
    ...(lastSignInAtMs !== undefined && { last_sign_in_at_ms: lastSignInAtMs }),
    ...(disabledAtMs !== undefined && { disabled_at_ms: disabledAtMs }),
  };
  if (Object.keys(set).length > 0) await tx.updateTable('user').set(set).where('id', '=', id).execute();
}

/** With sign-ins, links and logins at providers. */
export async function deleteUser(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('user').where('id', '=', id).execute();
}

/** Rows are parsed, not cast: a role that this version does not know must not become a right. */
export function toStoredUser(row: Selectable<UserTable>): StoredUser {
  return {
    id: row.id,
    email: row.email ?? undefined,
    name: row.name,
    role: z.enum(ROLES).parse(row.role),
    passwordHash: row.password_hash ?? undefined,
    createdAtMs: row.created_at_ms,
    lastSignInAtMs: row.last_sign_in_at_ms ?? undefined,
    disabledAtMs: row.disabled_at_ms ?? undefined,
  };
}
