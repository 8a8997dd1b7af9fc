import type { Migrate } from './migration.ts';

/** Data keys, named secrets, grants at other authorization servers, and the clients that we are there. */
export const grants: Migrate = async ({ db, timeMs }) => {
  await db.schema
    .createTable('data_key')
    .addColumn('id', 'text', (column) => column.primaryKey())
    // Sealed with a key derived from the instance key.
    .addColumn('wrapped', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('retired_at_ms', timeMs)
    .execute();

  await db.schema
    .createTable('secret')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('data_key', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('updated_at_ms', timeMs, (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('upstream_grant')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('server', 'text', (column) => column.notNull())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('resource', 'text', (column) => column.notNull())
    .addColumn('scope', 'text')
    .addColumn('expires_at_ms', timeMs)
    .addColumn('data_key', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('updated_at_ms', timeMs, (column) => column.notNull())
    .addUniqueConstraint('upstream_grant_of_one', ['server', 'principal'])
    .execute();

  await db.schema
    .createTable('upstream_client')
    .addColumn('server', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('redirect_url', 'text', (column) => column.notNull())
    .addColumn('data_key', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('upstream_client_pk', ['server', 'issuer', 'redirect_url'])
    .execute();
};
