/** Numbered versions of the whole configuration: who made each, why, and what it was. */
import type { Db, Tx } from './schema.ts';

export interface ConfigVersion {
  /** From 1, without gaps. */
  readonly number: number;
  readonly atMs: number;
  /** Id of the principal. */
  readonly author: string;
  readonly reason: string;
}

export interface StoredConfigVersion extends ConfigVersion {
  /** The objects with owners, sealed. */
  readonly sealedDocument: string;
}

/** 0 where there is none yet. */
export async function findLatestVersionNumber(db: Db): Promise<number> {
  const row = await db
    .selectFrom('config_version')
    .select((select) => select.fn.max('number').as('number'))
    .executeTakeFirst();
  return Number(row?.number ?? 0);
}

/** Fails on a number that is there already: another gateway was faster. */
export async function insertConfigVersion(tx: Tx, version: StoredConfigVersion): Promise<void> {
  const { number, atMs, author, reason, sealedDocument } = version;
  await tx.insertInto('config_version').values({ number, at_ms: atMs, author, reason, document: sealedDocument }).execute();
}

export async function findConfigVersion(db: Db, number: number): Promise<StoredConfigVersion | undefined> {
  const row = await db.selectFrom('config_version').selectAll().where('number', '=', number).executeTakeFirst();
  return row && { number: row.number, atMs: row.at_ms, author: row.author, reason: row.reason, sealedDocument: row.document };
}

/** The page before `beforeNumber`, newest first. */
export async function listConfigVersions(db: Db, page: { readonly beforeNumber: number; readonly limit: number }): Promise<ConfigVersion[]> {
  const rows = await db
    .selectFrom('config_version')
    .select(['number', 'at_ms', 'author', 'reason'])
    .where('number', '<', page.beforeNumber)
    .orderBy('number', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({ number: row.number, atMs: row.at_ms, author: row.author, reason: row.reason }));
}
