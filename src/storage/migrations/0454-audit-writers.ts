import { sql } from 'kysely';
import type { Migrate } from './migration.ts';

/** The public keys of the gateways that write records, sealed with the instance key, so that any of them can check the chains of all. */
export const auditWriters: Migrate = async ({ db, dialect }) => {
  if (dialect === 'sqlite') return;
  await sql`create table audit_writer (writer text primary key, sealed_key text not null)`.execute(db);
  await sql`create trigger audit_writer_append_only before update or delete on audit_writer for each row execute function audit_append_only()`.execute(db);
};
