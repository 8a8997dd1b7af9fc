import { sql } from 'kysely';
import type { Migrate } from './migration.ts';

/**
 * Gateways on one database: who is there, sessions that another may go on with, and, on PostgreSQL, a number that grows
 * with every change of what snapshots are made of, told to all by the database itself.
 */
export const replicas: Migrate = async ({ db, dialect, timeMs }) => {
  await db.schema
    .createTable('replica')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('address', 'text')
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('generation', timeMs, (column) => column.notNull())
    .addColumn('is_listening', 'integer', (column) => column.notNull())
    .addColumn('is_leader', 'integer', (column) => column.notNull())
    .addColumn('sessions', 'integer', (column) => column.notNull())
    .addColumn('started_at_ms', timeMs, (column) => column.notNull())
    .addColumn('seen_at_ms', timeMs, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('shared_session')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('owner', 'text')
    .addColumn('facts', 'text', (column) => column.notNull())
    .addColumn('changed_at_ms', timeMs, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('shared_session_owner').on('shared_session').columns(['owner']).execute();
  if (dialect === 'sqlite') return;
  await sql`create table configuration_generation (only_row integer primary key check (only_row = 1), number bigint not null)`.execute(db);
  await sql`insert into configuration_generation values (1, 1)`.execute(db);
  await sql`create function metamcp_configuration_changed() returns trigger language plpgsql as $$
    declare made bigint;
    begin
      update configuration_generation set number = number + 1 returning number into made;
      perform pg_notify('metamcp', json_build_object('kind', 'generation', 'number', made)::text);
      return null;
    end $$`.execute(db);
  // Statements, not rows: one notice for a whole import. What is noted of use changes no snapshot.
  for (const [table, events] of CAUSES) {
    await sql`create trigger ${sql.ref(`metamcp_${table}_changed`)} after ${sql.raw(events)} on ${sql.table(table)}
      for each statement execute function metamcp_configuration_changed()`.execute(db);
  }
};

const CAUSES = [
  ['object', 'insert or update or delete'],
  ['definition_pin', 'insert or update or delete'],
  ['key_pepper', 'insert or update or delete'],
  ['key', 'insert or delete or update of name, endpoints, digest, expires_at_ms, revoked_at_ms, owner, namespaces, tools, former_digest, former_until_ms'],
  ['user', 'delete or update of disabled_at_ms'],
] as const;
