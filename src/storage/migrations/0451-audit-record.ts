import { sql } from 'kysely';
import type { Migrate } from './migration.ts';

/** The record of requests on PostgreSQL, a partition a month; SQLite has files of its own for it (audit-file.ts). */
export const auditRecord: Migrate = async ({ db, dialect }) => {
  if (dialect === 'sqlite') return;
  await sql`create table audit_record (
    position bigserial, writer text not null, seq bigint not null, at_ms bigint not null, kind text not null, call_id text, principal text, credential text,
    endpoint text, server text, tool text, method text, outcome text, effect text, action text, subject text, text text not null, hash text not null,
    primary key (position, at_ms)) partition by range (at_ms)`.execute(db);
  for (const columns of ['at_ms', 'call_id', 'kind', 'principal, position', 'server, tool, position', 'endpoint, position', 'writer, seq']) {
    await sql`create index ${sql.ref(`audit_record_${columns.replaceAll(', ', '_')}`)} on audit_record (${sql.raw(columns)})`.execute(db);
  }
  await sql`create table audit_payload (writer text not null, seq bigint not null, at_ms bigint not null, arguments text, result text, primary key (writer, seq))`.execute(
    db,
  );
  await sql`create table audit_checkpoint (writer text not null, seq bigint not null, hash text not null, at_ms bigint not null, signature text not null, primary key (writer, seq))`.execute(
    db,
  );
  await sql`create table audit_purge (writer text not null, seq bigint not null, primary key (writer, seq))`.execute(db);
  await sql`create function audit_append_only() returns trigger language plpgsql as
    $$ begin raise exception 'the record is append-only'; end $$`.execute(db);
  await sql`create function audit_payload_purged() returns trigger language plpgsql as
    $$ begin
      if old.seq > coalesce((select max(seq) from audit_purge where writer = old.writer), 0) then raise exception 'the record is append-only'; end if;
      return old;
    end $$`.execute(db);
  for (const table of ['audit_record', 'audit_checkpoint', 'audit_purge']) {
    await sql`create trigger ${sql.ref(`${table}_append_only`)} before update or delete on ${sql.table(table)} for each row execute function audit_append_only()`.execute(
      db,
    );
  }
  await sql`create trigger audit_payload_no_update before update on audit_payload for each row execute function audit_append_only()`.execute(db);
  await sql`create trigger audit_payload_no_delete before delete on audit_payload for each row execute function audit_payload_purged()`.execute(db);
};
