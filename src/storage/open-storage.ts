/** Opens the database of an instance: brings the tables up to date and checks that the instance key is theirs. */
import { Kysely, sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { newId } from '../base/ids.ts';
import type { DataFolder } from './data-folder.ts';
import { checkInstance } from './instance.ts';
import { isMigrated, migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import type { Database, Db, Dialect } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { query } from './transaction.ts';

const MIGRATION_TIMEOUT_MS = 15 * 60_000;

export interface StorageOptions {
  /** Ours alone: proof that no other gateway writes to the embedded database. */
  readonly folder: DataFolder;
  /** `postgres://…`; undefined: the embedded database in the data folder. */
  readonly databaseUrl: string | undefined;
  readonly clock: Clock;
  /** The check value of the instance key in the data folder. */
  readonly keyCheck: string;
  /** Hears of what the database recovers from by itself. */
  readonly report: (problem: Error) => void;
}

export interface Storage {
  readonly dialect: Dialect;
  readonly db: Db;
  /** Rejects with `storage.unavailable` where the database does not answer. */
  ping(): Promise<void>;
  /** Ends the connections. Give the data folder back after it. */
  close(): Promise<void>;
}

/** Faults: `storage.schema_newer`, `storage.secret_unreadable`, `storage.unavailable`. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { databaseUrl, clock } = options;
  const dialect: Dialect = databaseUrl === undefined ? 'sqlite' : 'postgres';
  const db = new Kysely<Database>({
    dialect: databaseUrl === undefined ? openSqlite(options.folder.path) : openPostgres(databaseUrl, clock, options.report),
  });
  try {
    await query(db, () => bringUpToDate(db, databaseUrl, options));
    await query(db, () => checkInstance(db, { id: newId('ins', clock), createdAtMs: clock.nowMs(), keyCheck: options.keyCheck }));
  } catch (thrown) {
    await db.destroy();
    throw thrown;
  }
  return {
    dialect,
    db,
    ping: () => query(db, async () => void (await sql`select 1`.execute(db))),
    close: () => db.destroy(),
  };
}

/** To change large tables takes its time, which statements else do not get. */
async function bringUpToDate(db: Db, databaseUrl: string | undefined, { clock, report }: StorageOptions): Promise<void> {
  if (databaseUrl === undefined) return migrate(db, 'sqlite');
  if (await isMigrated(db)) return undefined;
  const patient = new Kysely<Database>({ dialect: openPostgres(databaseUrl, clock, report, MIGRATION_TIMEOUT_MS) });
  try {
    return await migrate(patient, 'postgres');
  } finally {
    await patient.destroy();
  }
}
