import { sql } from 'kysely';
import type { Migrate } from './migration.ts';

/**
 * Gateways from before 0452 name no place when they write a record: the database takes the next one for them, as newer ones do
 * themselves. So both can run side by side while one version is replaced by the other.
 */
export const auditPlacesOfOlder: Migrate = async ({ db, dialect }) => {
  if (dialect === 'sqlite') return;
  await sql`create function audit_next_place() returns bigint language sql volatile as
    $$ update audit_place set last = last + 1 returning last $$`.execute(db);
  await sql`alter table audit_record alter column position set default audit_next_place()`.execute(db);
};
