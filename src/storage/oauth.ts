/**
 * What the authorization server keeps, in the database. Each function is one statement and takes the connection or
 * transaction it runs in as its first argument. Values are never here, only keyed digests.
 */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { OAuthClient, OAuthEntity } from '../model/oauth.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, OAuthClientTable, OAuthEntityTable } from './schema.ts';

const PayloadSchema = z.record(z.string(), z.unknown());

/** Writes it anew where it is there already; what was consumed stays consumed. */
export async function upsertOAuthEntity(db: Db, entity: OAuthEntity): Promise<void> {
  const row = toRow(entity);
  const { payload, expires_at_ms, grant_digest } = row;
  await db
    .insertInto('oauth_entity')
    .values(row)
    .onConflict((conflict) => conflict.columns(['model', 'digest']).doUpdateSet({ payload, expires_at_ms, grant_digest }))
    .execute();
}

export async function findOAuthEntity(db: Db, model: string, digest: string): Promise<OAuthEntity | undefined> {
  const row = await db.selectFrom('oauth_entity').selectAll().where('model', '=', model).where('digest', '=', digest).executeTakeFirst();
  return row && fromRow(row);
}

/** The access token of that digest, where the grant it came from is still there. */
export async function findLiveAccessToken(db: Db, digest: string): Promise<OAuthEntity | undefined> {
  const row = await db
    .selectFrom('oauth_entity as token')
    .innerJoin('oauth_entity as grant', (join) => join.onRef('grant.digest', '=', 'token.grant_digest').on('grant.model', '=', 'Grant'))
    .selectAll('token')
    .where('token.model', '=', 'AccessToken')
    .where('token.digest', '=', digest)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Whether a consent, by its digest, was neither withdrawn nor ended by time. */
export async function isGrantAlive(db: Db, digest: string, nowMs: number): Promise<boolean> {
  const row = await db.selectFrom('oauth_entity').select('digest').where('model', '=', 'Grant').where('digest', '=', digest).where('expires_at_ms', '>', nowMs).executeTakeFirst();
  return row !== undefined;
}

/** False where it was consumed before, or is not there. */
export async function consumeOAuthEntity(db: Db, key: Pick<OAuthEntity, 'model' | 'digest'>, atMs: number): Promise<boolean> {
  const result = await db
    .updateTable('oauth_entity')
    .set({ consumed_at_ms: atMs })
    .where('model', '=', key.model)
    .where('digest', '=', key.digest)
    .where('consumed_at_ms', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function deleteOAuthEntity(db: Db, model: string, digest: string): Promise<void> {
  await db.deleteFrom('oauth_entity').where('model', '=', model).where('digest', '=', digest).execute();
}

/** A grant with all that came from it. */
export async function deleteOAuthFamily(db: Db, grantDigest: string): Promise<void> {
  await db
    .deleteFrom('oauth_entity')
    .where((where) => where.or([where('grant_digest', '=', grantDigest), where.and([where('model', '=', 'Grant'), where('digest', '=', grantDigest)])]))
    .execute();
}

/** Of all users. */
export async function listAllOAuthGrants(db: Db): Promise<OAuthEntity[]> {
  const rows = await db.selectFrom('oauth_entity').selectAll().where('model', '=', 'Grant').orderBy('user_id').orderBy('digest').execute();
  return rows.map(fromRow);
}

/** All that a user consented to, with what came of it. Resolves with the digests of the grants. */
export async function deleteOAuthOf(tx: Db, userId: string): Promise<string[]> {
  const grants = await listOAuthGrants(tx, userId);
  for (const { digest } of grants) await deleteOAuthFamily(tx, digest);
  await tx.deleteFrom('oauth_entity').where('user_id', '=', userId).execute();
  return grants.map(({ digest }) => digest);
}

export async function listOAuthGrants(db: Db, userId: string): Promise<OAuthEntity[]> {
  const rows = await db.selectFrom('oauth_entity').selectAll().where('user_id', '=', userId).where('model', '=', 'Grant').orderBy('digest').execute();
  return rows.map(fromRow);
}

export async function deleteExpiredOAuthEntities(db: Db, beforeMs: number): Promise<void> {
  await db.deleteFrom('oauth_entity').where('expires_at_ms', '<', beforeMs).execute();
}

export async function insertOAuthClient(db: Db, client: OAuthClient): Promise<void> {
  const { id, metadata, createdAtMs, expiresAtMs } = client;
  await db
    .insertInto('oauth_client')
    .values({ id, metadata: toJson(metadata), created_at_ms: createdAtMs, expires_at_ms: expiresAtMs })
    .execute();
}

export async function findOAuthClient(db: Db, id: string): Promise<OAuthClient | undefined> {
  const row = await db.selectFrom('oauth_client').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toClient(row);
}

export async function countOAuthClients(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('oauth_client')
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function updateOAuthClientExpiry(db: Db, id: string, expiresAtMs: number): Promise<void> {
  await db.updateTable('oauth_client').set({ expires_at_ms: expiresAtMs }).where('id', '=', id).execute();
}

export async function deleteExpiredOAuthClients(db: Db, beforeMs: number): Promise<void> {
  await db.deleteFrom('oauth_client').where('expires_at_ms', '<', beforeMs).execute();
}

function toRow(entity: OAuthEntity): Selectable<OAuthEntityTable> {
  return {
    model: entity.model,
    digest: entity.digest,
    grant_digest: entity.grantDigest ?? null,
    user_id: entity.userId ?? null,
    client_id: entity.clientId ?? null,
    payload: toJson(entity.payload),
    consumed_at_ms: entity.consumedAtMs ?? null,
    expires_at_ms: entity.expiresAtMs,
  };
}

function fromRow(row: Selectable<OAuthEntityTable>): OAuthEntity {
  return {
    model: row.model,
    digest: row.digest,
    grantDigest: row.grant_digest ?? undefined,
    userId: row.user_id ?? undefined,
    clientId: row.client_id ?? undefined,
    payload: fromJson(PayloadSchema, row.payload),
    consumedAtMs: row.consumed_at_ms ?? undefined,
    expiresAtMs: row.expires_at_ms,
  };
}

function toClient(row: Selectable<OAuthClientTable>): OAuthClient {
  return { id: row.id, metadata: fromJson(PayloadSchema, row.metadata), createdAtMs: row.created_at_ms, expiresAtMs: row.expires_at_ms };
}
