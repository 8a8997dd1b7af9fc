/** What a snapshot is made of, as one short text: where it differs, another gateway on the same database changed something. */
import { sql } from 'kysely';
import type { Db, Dialect } from './schema.ts';

/** Undefined for the embedded database, which has one gateway. Faults of the driver: call it within `query` or `transact`. */
export async function readConfigStamp(db: Db, dialect: Dialect): Promise<string | undefined> {
  if (dialect === 'sqlite') return undefined;
  const { rows } = await sql<{ readonly stamp: string }>`
    select concat_ws('/',
      (select max(number) from config_version),
      (select md5(string_agg(concat_ws('|', id, digest, former_digest, former_until_ms, endpoints::text, namespaces::text, tools::text, expires_at_ms, owner), ',' order by id)) from "key" where revoked_at_ms is null),
      (select md5(string_agg(id, ',' order by id)) from "user" where disabled_at_ms is not null),
      (select md5(string_agg(concat_ws('|', namespace, server, kind, name, hash, rejected_hash), ',' order by namespace, server, kind, name)) from definition_pin)
    ) as stamp`.execute(db);
  return rows[0]?.stamp;
}
