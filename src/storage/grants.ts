/** Grants at other authorization servers, and the clients that we are there. Tokens and secrets are sealed. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Grant, GrantKey, RegisteredClient } from '../model/grant.ts';
import type { Envelope } from './data-keys.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, Tx, UpstreamClientTable, UpstreamGrantTable } from './schema.ts';

/** What may be shown of a grant. */
export type GrantFacts = Omit<Grant, 'accessToken' | 'refreshToken' | 'client'>;

export interface StoredClient {
  readonly server: string;
  readonly issuer: string;
  readonly redirectUrl: string;
  readonly client: RegisteredClient;
}

const ClientSchema = z.object({ clientId: z.string(), clientSecret: z.string().optional(), authMethod: z.string().optional() });
const TokensSchema = z.object({ accessToken: z.string(), refreshToken: z.string().optional(), client: ClientSchema });
type SealedRow = Pick<Selectable<UpstreamGrantTable>, 'data_key' | 'sealed'>;

export async function listGrants(db: Db): Promise<GrantFacts[]> {
  const rows = await db.selectFrom('upstream_grant').selectAll().orderBy('server').orderBy('principal').execute();
  return rows.map(factsOf);
}

export async function findGrant(db: Db, envelope: Envelope, key: GrantKey): Promise<Grant | undefined> {
  const row = await db.selectFrom('upstream_grant').selectAll().where('server', '=', key.server).where('principal', '=', key.principal).executeTakeFirst();
  return row && openGrant(db, envelope, row);
}

export async function findGrantById(db: Db, envelope: Envelope, id: string): Promise<Grant | undefined> {
  const row = await db.selectFrom('upstream_grant').selectAll().where('id', '=', id).executeTakeFirst();
  return row && openGrant(db, envelope, row);
}

export async function listGrantsOf(db: Db, envelope: Envelope, principals: readonly string[]): Promise<Grant[]> {
  if (principals.length === 0) return [];
  const rows = await db.selectFrom('upstream_grant').selectAll().where('principal', 'in', [...principals]).execute();
  return Promise.all(rows.map((row) => openGrant(db, envelope, row)));
}

/** The one that changed last. */
export async function findLatestGrant(db: Db, envelope: Envelope, server: string): Promise<Grant | undefined> {
  const row = await db.selectFrom('upstream_grant').selectAll().where('server', '=', server).orderBy('updated_at_ms', 'desc').orderBy('id', 'desc').executeTakeFirst();
  return row && openGrant(db, envelope, row);
}

/** In place of the one of the same server and principal. */
export async function upsertGrant(tx: Tx, envelope: Envelope, grant: Grant): Promise<void> {
  const { accessToken, refreshToken, client, ...facts } = grant;
  await tx.deleteFrom('upstream_grant').where('server', '=', facts.server).where('principal', '=', facts.principal).execute();
  const { dataKey, sealed } = await envelope.seal(tx, toJson({ accessToken, refreshToken, client }), recordOf(facts));
  await tx
    .insertInto('upstream_grant')
    .values({
      id: facts.id,
      server: facts.server,
      principal: facts.principal,
      issuer: facts.issuer,
      resource: facts.resource,
      scope: facts.scope ?? null,
      expires_at_ms: facts.expiresAtMs ?? null,
      data_key: dataKey,
      sealed,
      created_at_ms: facts.createdAtMs,
      updated_at_ms: facts.updatedAtMs,
    })
    .execute();
}

export async function deleteGrant(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('upstream_grant').where('id', '=', id).execute();
}

export async function listClients(db: Db, envelope: Envelope, server: string): Promise<StoredClient[]> {
  const rows = await db.selectFrom('upstream_client').selectAll().where('server', '=', server).execute();
  return Promise.all(rows.map((row) => openClient(db, envelope, row)));
}

export async function upsertClient(tx: Tx, envelope: Envelope, stored: StoredClient): Promise<void> {
  const { server, issuer, redirectUrl, client } = stored;
  const { dataKey, sealed } = await envelope.seal(tx, toJson(client), clientRecordOf(server, issuer));
  await tx
    .insertInto('upstream_client')
    .values({ server, issuer, redirect_url: redirectUrl, data_key: dataKey, sealed })
    .onConflict((conflict) => conflict.columns(['server', 'issuer', 'redirect_url']).doUpdateSet({ data_key: dataKey, sealed }))
    .execute();
}

export async function deleteClients(tx: Tx, server: string, issuer: string): Promise<void> {
  await tx.deleteFrom('upstream_client').where('server', '=', server).where('issuer', '=', issuer).execute();
}

/** Seals everything with the present data key. Resolves with how many rows there are. */
export async function resealGrants(tx: Tx, envelope: Envelope): Promise<number> {
  const grants = await tx.selectFrom('upstream_grant').selectAll().execute();
  for (const row of grants) await upsertGrant(tx, envelope, await openGrant(tx, envelope, row));
  const clients = await tx.selectFrom('upstream_client').selectAll().execute();
  for (const row of clients) await upsertClient(tx, envelope, await openClient(tx, envelope, row));
  return grants.length + clients.length;
}

async function openGrant(db: Db, envelope: Envelope, row: Selectable<UpstreamGrantTable>): Promise<Grant> {
  const facts = factsOf(row);
  const { accessToken, refreshToken, client } = fromJson(TokensSchema, await envelope.open(db, sealedOf(row), recordOf(facts)));
  return { ...facts, accessToken, refreshToken, client: toClient(client) };
}

async function openClient(db: Db, envelope: Envelope, row: Selectable<UpstreamClientTable>): Promise<StoredClient> {
  const client = fromJson(ClientSchema, await envelope.open(db, sealedOf(row), clientRecordOf(row.server, row.issuer)));
  return { server: row.server, issuer: row.issuer, redirectUrl: row.redirect_url, client: toClient(client) };
}

function toClient({ clientId, clientSecret, authMethod }: z.infer<typeof ClientSchema>): RegisteredClient {
  return { clientId, clientSecret, authMethod };
}

function factsOf(row: Selectable<UpstreamGrantTable>): GrantFacts {
  return {
    id: row.id,
    server: row.server,
    principal: row.principal,
    issuer: row.issuer,
    resource: row.resource,
    scope: row.scope ?? undefined,
    expiresAtMs: row.expires_at_ms ?? undefined,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}

function sealedOf(row: SealedRow): { readonly dataKey: string; readonly sealed: string } {
  return { dataKey: row.data_key, sealed: row.sealed };
}

/** Tokens open only in the row of their server, principal, issuer and resource. */
function recordOf({ id, server, principal, issuer, resource }: Pick<Grant, 'id' | 'server' | 'principal' | 'issuer' | 'resource'>): string {
  return ['grant', id, server, principal, issuer, resource].join('\n');
}

function clientRecordOf(server: string, issuer: string): string {
  return ['client', server, issuer].join('\n');
}
