/** The embedded database: one file in the data folder. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { SqliteDialect } from 'kysely';

export const DATABASE_FILE = 'metamcp.db';

const BUSY_TIMEOUT_MS = 1_000;

/** FULL: a write that was acknowledged survives a power cut, not only the end of the process. */
export function openSqlite(dataFolder: string): SqliteDialect {
  const database = new Sqlite(join(dataFolder, DATABASE_FILE), { timeout: BUSY_TIMEOUT_MS });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  return new SqliteDialect({ database });
}
