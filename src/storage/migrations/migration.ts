/** What a migration gets: the schema builder and the few column types that differ by dialect. */
import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import type { Dialect } from '../schema.ts';

export interface MigrationTools {
  readonly dialect: Dialect;
  /** A migration must not know today's tables, only those of its own time. */
  readonly db: Kysely<unknown>;
  /** PostgreSQL's `jsonb` would refuse U+0000 and change what it keeps; we never look inside with SQL. */
  readonly json: 'text' | 'json';
  /** 64 bits on both: SQLite's integers always are. */
  readonly timeMs: 'integer' | 'bigint';
  readonly sequence: 'integer' | 'bigserial';
  /** Makes a `sequence` column the primary key, never giving out a number twice. */
  sequenceKey(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
}

export type Migrate = (tools: MigrationTools) => Promise<void>;

export function migrationTools(db: Kysely<unknown>, dialect: Dialect): MigrationTools {
  const isSqlite = dialect === 'sqlite';
  return {
    dialect,
    db,
    json: isSqlite ? 'text' : 'json',
    timeMs: isSqlite ? 'integer' : 'bigint',
    sequence: isSqlite ? 'integer' : 'bigserial',
    sequenceKey: (column) => (isSqlite ? column.primaryKey().autoIncrement() : column.primaryKey()),
  };
}
