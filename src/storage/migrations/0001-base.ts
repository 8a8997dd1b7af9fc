import { sql } from 'kysely';
import type { Migrate, MigrationTools } from './migration.ts';

/** Instance, keys, settings, and the audit events of the admin API. */
export const base: Migrate = async (tools) => {
  const { db, json, timeMs } = tools;
  await db.schema
    .createTable('instance')
    .addColumn('only_row', 'integer', (column) => column.primaryKey().check(sql`only_row = 1`))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('key_check', 'text', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('key')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('endpoints', json, (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('sealed_value', 'text')
    .addColumn('expires_at_ms', timeMs)
    .addColumn('created_at_ms', timeMs, (column) => column.notNull())
    .addColumn('last_used_at_ms', timeMs)
    .addColumn('revoked_at_ms', timeMs)
    .execute();
  // The name of a revoked key may be used again.
  await db.schema.createIndex('key_name_in_use').on('key').column('name').unique().where(sql.ref('revoked_at_ms'), 'is', null).execute();

  await db.schema
    .createTable('setting')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', json, (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('audit_event')
    .addColumn('seq', tools.sequence, tools.sequenceKey)
    .addColumn('at_ms', timeMs, (column) => column.notNull())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('detail', json, (column) => column.notNull())
    .execute();
  await makeAppendOnly(tools);
};

/** Audit events are facts: the database itself refuses to change or delete one. */
async function makeAppendOnly({ db, dialect }: MigrationTools): Promise<void> {
  if (dialect === 'sqlite') {
    for (const verb of ['update', 'delete']) {
      await sql`create trigger ${sql.ref(`audit_event_no_${verb}`)} before ${sql.raw(verb)} on audit_event
        begin select raise(abort, 'audit events are append-only'); end`.execute(db);
    }
    return;
  }
  await sql`create function audit_event_append_only() returns trigger language plpgsql as
    $$ begin raise exception 'audit events are append-only'; end $$`.execute(db);
  await sql`create trigger audit_event_append_only before update or delete or truncate on audit_event
    for each statement execute function audit_event_append_only()`.execute(db);
}
