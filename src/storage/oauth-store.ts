/** The database as the authorization server wants it: statements of oauth.ts, bound to one connection, failures as faults. */
import type { OAuthStore } from '../model/oauth.ts';
import {
  consumeOAuthEntity,
  countOAuthClients,
  deleteExpiredOAuthClients,
  deleteExpiredOAuthEntities,
  deleteOAuthEntity,
  deleteOAuthFamily,
  findLiveAccessToken,
  findOAuthClient,
  findOAuthEntity,
  insertOAuthClient,
  listOAuthGrants,
  updateOAuthClientExpiry,
  upsertOAuthEntity,
} from './oauth.ts';
import type { Db } from './schema.ts';
import { query, transact } from './transaction.ts';

export function createOAuthStore(db: Db): OAuthStore {
  return {
    save: (entity) => query(db, () => upsertOAuthEntity(db, entity)),
    find: (model, digest) => query(db, () => findOAuthEntity(db, model, digest)),
    findLiveToken: (digest) => query(db, () => findLiveAccessToken(db, digest)),
    consume: (model, digest, atMs) => query(db, () => consumeOAuthEntity(db, { model, digest }, atMs)),
    remove: (model, digest) => query(db, () => deleteOAuthEntity(db, model, digest)),
    removeFamily: (grantDigest) => query(db, () => deleteOAuthFamily(db, grantDigest)),
    listGrants: (userId) => query(db, () => listOAuthGrants(db, userId)),
    saveClient: (client) => query(db, () => insertOAuthClient(db, client)),
    findClient: (id) => query(db, () => findOAuthClient(db, id)),
    countClients: () => query(db, () => countOAuthClients(db)),
    keepClient: (id, expiresAtMs) => query(db, () => updateOAuthClientExpiry(db, id, expiresAtMs)),
    sweep: (beforeMs) =>
      transact(db, async (tx) => {
        await deleteExpiredOAuthEntities(tx, beforeMs);
        await deleteExpiredOAuthClients(tx, beforeMs);
      }),
  };
}
