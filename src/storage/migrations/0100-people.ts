import type { Migrate } from './migration.ts';

/** Users, their sign-ins, one-time links, and what ties users to an identity provider. Of secrets only digests and hashes are kept. */
export const people: Migrate = async ({ db, json, timeMs }) => {
  await db.schema
    .createTable('user')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('email', 'text', (column) => column.unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('password_hash', 'text')
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('last_sign_in_at_ms', timeMs)
    .addColumn('disabled_at_ms', timeMs)
    .execute();

  await db.schema
    .createTable('sign_in')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('user_id', 'text', (column) => column.notNull().references('user.id').onDelete('cascade'))
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('browser', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('last_seen_at_ms', timeMs, (column) => column.notNull())
    .addColumn('reauth_at_ms', timeMs, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('sign_in_user').on('sign_in').column('user_id').execute();

  await db.schema
    .createTable('one_time_link')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('role', 'text')
    .addColumn('email', 'text')
    .addColumn('user_id', 'text', (column) => column.references('user.id').onDelete('cascade'))
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('expires_at_ms', timeMs, (column) => column.notNull())
    .addColumn('used_at_ms', timeMs)
    .execute();

  await db.schema
    .createTable('provider_user')
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull().references('user.id').onDelete('cascade'))
    .addColumn('groups', json, (column) => column.notNull())
    .addColumn('linked_at_ms', timeMs, (column) => column.notNull())
    .addPrimaryKeyConstraint('provider_user_pk', ['issuer', 'subject'])
    .execute();

  await db.schema
    .createTable('provider_flow')
    .addColumn('state_digest', 'text', (column) => column.primaryKey())
    // Sealed: it holds the verifier that makes a code worth something.
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('expires_at_ms', timeMs, (column) => column.notNull())
    .execute();
};
