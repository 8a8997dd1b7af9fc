import type { Migrate } from './migration.ts';

/** What the authorization server keeps: registered clients; codes, tokens, grants and consents under way by digest. */
export const oauth: Migrate = async ({ db, json, timeMs }) => {
  await db.schema
    .createTable('oauth_client')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('metadata', json, (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('expires_at_ms', timeMs, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('oauth_client_expiry').on('oauth_client').column('expires_at_ms').execute();

  await db.schema
    .createTable('oauth_entity')
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('grant_digest', 'text')
    .addColumn('user_id', 'text')
    .addColumn('client_id', 'text')
    .addColumn('payload', json, (column) => column.notNull())
    .addColumn('consumed_at_ms', timeMs)
    .addColumn('expires_at_ms', timeMs, (column) => column.notNull())
    .addPrimaryKeyConstraint('oauth_entity_key', ['model', 'digest'])
    .execute();
  await db.schema.createIndex('oauth_entity_family').on('oauth_entity').column('grant_digest').execute();
  await db.schema.createIndex('oauth_entity_user').on('oauth_entity').columns(['user_id', 'model']).execute();
  await db.schema.createIndex('oauth_entity_expiry').on('oauth_entity').column('expires_at_ms').execute();
};
