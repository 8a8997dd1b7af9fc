/** Sign-ins in the database: who is signed in, in which browser. The cookie's value is here only as a keyed digest. */
import type { Selectable } from 'kysely';
import type { SignInTable } from './people-tables.ts';
import type { Db, Tx } from './schema.ts';
import { findUser, type StoredUser } from './users.ts';

export interface StoredSignIn {
  readonly id: string;
  readonly digest: string;
  readonly userId: string;
  /** `password`, `link`, or `provider:` and its id. */
  readonly method: string;
  readonly address: string;
  /** What the browser says it is; shown to its user only. */
  readonly browser: string;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
  /** When its user last proved who it is. */
  readonly reauthAtMs: number;
}

export async function insertSignIn(tx: Tx, signIn: StoredSignIn): Promise<void> {
  await tx
    .insertInto('sign_in')
    .values({
      id: signIn.id,
      digest: signIn.digest,
      user_id: signIn.userId,
      method: signIn.method,
      address: signIn.address,
      browser: signIn.browser,
      created_at_ms: signIn.createdAtMs,
      last_seen_at_ms: signIn.lastSeenAtMs,
      reauth_at_ms: signIn.reauthAtMs,
    })
    .execute();
}

/** The sign-in of a cookie and its user as it is now; two reads, so that a role that changed counts at once. */
export async function findSignIn(db: Db, digest: string): Promise<{ readonly signIn: StoredSignIn; readonly user: StoredUser } | undefined> {
  const row = await db.selectFrom('sign_in').selectAll().where('digest', '=', digest).executeTakeFirst();
  const user = row && (await findUser(db, row.user_id));
  return row && user && { signIn: fromRow(row), user };
}

export async function findSignInById(db: Db, id: string): Promise<StoredSignIn | undefined> {
  const row = await db.selectFrom('sign_in').selectAll().where('id', '=', id).executeTakeFirst();
  return row && fromRow(row);
}

/** Newest first. */
export async function listSignIns(db: Db, userId: string): Promise<StoredSignIn[]> {
  const rows = await db.selectFrom('sign_in').selectAll().where('user_id', '=', userId).orderBy('id', 'desc').execute();
  return rows.map(fromRow);
}

export async function updateSignIn(db: Db, id: string, change: Partial<Pick<StoredSignIn, 'digest' | 'lastSeenAtMs' | 'reauthAtMs'>>): Promise<void> {
  const set: Partial<SignInTable> = {
    ...(change.digest !== undefined && { digest: change.digest }),
    ...(change.lastSeenAtMs !== undefined && { last_seen_at_ms: change.lastSeenAtMs }),
    ...(change.reauthAtMs !== undefined && { reauth_at_ms: change.reauthAtMs }),
  };
  await db.updateTable('sign_in').set(set).where('id', '=', id).execute();
}

export async function deleteSignIn(db: Db, id: string): Promise<void> {
  await db.deleteFrom('sign_in').where('id', '=', id).execute();
}

/** All of a user's, but for `exceptId`. Returns how many there were. */
export async function deleteSignInsOf(tx: Tx, userId: string, exceptId?: string): Promise<number> {
  let statement = tx.deleteFrom('sign_in').where('user_id', '=', userId);
  if (exceptId !== undefined) statement = statement.where('id', '!=', exceptId);
  const { numDeletedRows } = await statement.executeTakeFirst();
  return Number(numDeletedRows);
}

/** Forgets what has ended by itself. */
export async function deleteEndedSignIns(tx: Tx, ended: { readonly createdBeforeMs: number; readonly seenBeforeMs: number }): Promise<void> {
  await tx
    .deleteFrom('sign_in')
    .where((where) => where.or([where('created_at_ms', '<', ended.createdBeforeMs), where('last_seen_at_ms', '<', ended.seenBeforeMs)]))
    .execute();
}

function fromRow(row: Selectable<SignInTable>): StoredSignIn {
  return {
    id: row.id,
    digest: row.digest,
    userId: row.user_id,
    method: row.method,
    address: row.address,
    browser: row.browser,
    createdAtMs: row.created_at_ms,
    lastSeenAtMs: row.last_seen_at_ms,
    reauthAtMs: row.reauth_at_ms,
  };
}
