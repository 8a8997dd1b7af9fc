import { sql } from 'kysely';
import type { Migrate } from './migration.ts';

/**
 * Places of records without gaps on PostgreSQL: a sequence leaves one for each transaction that failed, so that a place
 * that somebody changed could be an honest one. Those that are there are numbered anew, in their order.
 */
export const auditPlaces: Migrate = async ({ db, dialect }) => {
  if (dialect === 'sqlite') return;
  await sql`alter table audit_record disable trigger audit_record_append_only`.execute(db);
  // By way of negative ones: a place must be free at the moment in which a row comes to it.
  await sql`update audit_record r set position = -n.place from (select position, at_ms, row_number() over (order by position) as place from audit_record) n
    where r.position = n.position and r.at_ms = n.at_ms`.execute(db);
  await sql`update audit_record set position = -position`.execute(db);
  await sql`alter table audit_record enable trigger audit_record_append_only`.execute(db);
  await sql`create table audit_place (single integer primary key check (single = 1), last bigint not null)`.execute(db);
  await sql`insert into audit_place select 1, coalesce(max(position), 0) from audit_record`.execute(db);
  await sql`alter table audit_record alter column position drop default`.execute(db);
  await sql`drop sequence audit_record_position_seq`.execute(db);
};
