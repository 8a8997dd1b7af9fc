import type { Migrate } from './migration.ts';

/** Objects of the configuration, its numbered versions, answers kept for repeated requests, and owners of keys. */
export const objects: Migrate = async ({ db, timeMs }) => {
  await db.schema
    .createTable('object')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    // Sealed: headers, variables, arguments and addresses may all hold secrets.
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('owner', 'text')
    .addColumn('managed_by', 'text')
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('updated_at_ms', timeMs, (column) => column.notNull())
    .addPrimaryKeyConstraint('object_pk', ['kind', 'name'])
    .execute();

  await db.schema
    .createTable('config_version')
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('at_ms', timeMs, (column) => column.notNull())
    .addColumn('author', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('document', 'text', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('idempotency')
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .addColumn('at_ms', timeMs, (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotency_pk', ['principal', 'key'])
    .execute();

  await db.schema.alterTable('key').addColumn('owner', 'text').execute();
};
