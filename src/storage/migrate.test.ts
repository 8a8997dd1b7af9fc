/** Every schema there ever was, with rows of its time, comes to the present one. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { findKey } from './keys.ts';
import { HARMLESS, MIGRATIONS, migrate } from './migrate.ts';
import { systemClock } from '../base/clock.ts';
import { openPostgres } from './postgres.ts';
import type { Database, Db, Dialect } from './schema.ts';
import { findSetting } from './settings.ts';
import { openSqlite } from './sqlite.ts';
import { z } from 'zod';

let postgres: TestPostgres | undefined;
const folder = mkdtempSync(join(tmpdir(), 'metamcp-migrate-'));
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const NAMES = Object.keys(MIGRATIONS).sort();

async function open(dialect: Dialect, name: string): Promise<Db | undefined> {
  if (dialect === 'sqlite') {
    const own = join(folder, name);
    mkdirSync(own);
    return new Kysely<Database>({ dialect: openSqlite(own) });
  }
  const url = await postgres?.createDatabase();
  return url === undefined ? undefined : new Kysely<Database>({ dialect: openPostgres(url, systemClock, () => undefined) });
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  test.each(NAMES.map((name, index) => [name, index + 1] as const))('a database as it was after %s', async (name, count) => {
    const db = await open(dialect, name);
    if (db === undefined) return;
    try {
      const then = Object.fromEntries(NAMES.slice(0, count).map((one) => [one, MIGRATIONS[one]])) as typeof MIGRATIONS;
      await migrate(db, dialect, { migrations: then, harmless: HARMLESS });
      await sql`insert into "key" (id, name, endpoints, digest, created_at_ms) values ('key_1', 'laptop', '["dev"]', 'd1', 1)`.execute(db);
      await sql`insert into setting (name, value) values ('first_run', '{"servers":{}}')`.execute(db);

      await migrate(db, dialect);

      expect(await findKey(db, 'key_1')).toMatchObject({ name: 'laptop', endpoints: ['dev'], namespaces: undefined, tools: undefined, former: undefined, owner: undefined });
      expect(await findSetting(db, 'first_run', z.unknown())).toEqual({ servers: {} });
      const { rows } = await sql<{ name: string }>`select name from migration order by name`.execute(db);
      expect(rows.map((row) => row.name)).toEqual(NAMES);
    } finally {
      await db.destroy();
    }
  });
});
