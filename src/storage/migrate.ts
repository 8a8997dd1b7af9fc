/** Brings the tables to the form this version knows, or refuses what a newer version made. */
import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { Fault } from '../base/fault.ts';
import { base } from './migrations/0001-base.ts';
import { objects } from './migrations/0002-objects.ts';
import { people } from './migrations/0100-people.ts';
import { oauth } from './migrations/0200-oauth.ts';
import { grants } from './migrations/0300-grants.ts';
import { keyScopes } from './migrations/0350-key-scopes.ts';
import { governance } from './migrations/0400-governance.ts';
import { costLedger } from './migrations/0450-cost-ledger.ts';
import { auditRecord } from './migrations/0451-audit-record.ts';
import { auditPlaces } from './migrations/0452-audit-places.ts';
import { definitionPins } from './migrations/0500-definition-pins.ts';
import { scriptRuns } from './migrations/0600-script-runs.ts';
import { embeddingVectors } from './migrations/0610-embedding-vectors.ts';
import { onDemand } from './migrations/0700-on-demand.ts';
import { runLeases } from './migrations/0710-run-leases.ts';
import { keyPeppers } from './migrations/0720-key-peppers.ts';
import { chatModels } from './migrations/0730-chat-models.ts';
import { replicas } from './migrations/0800-replicas.ts';
import { type Migrate, migrationTools } from './migrations/migration.ts';
import type { Db, Dialect } from './schema.ts';

/** In the order of their names. A migration that was released is never changed; a change is a new one. */
export const MIGRATIONS: Readonly<Record<string, Migrate>> = {
  '0001-base': base,
  '0002-objects': objects,
  '0100-people': people,
  '0200-oauth': oauth,
  '0300-grants': grants,
  '0350-key-scopes': keyScopes,
  '0400-governance': governance,
  '0450-cost-ledger': costLedger,
  '0451-audit-record': auditRecord,
  '0452-audit-places': auditPlaces,
  '0500-definition-pins': definitionPins,
  '0600-script-runs': scriptRuns,
  '0610-embedding-vectors': embeddingVectors,
  '0700-on-demand': onDemand,
  '0710-run-leases': runLeases,
  '0720-key-peppers': keyPeppers,
  '0730-chat-models': chatModels,
  '0800-replicas': replicas,
};

const HISTORY_TABLE = 'migration';

/**
 * Runs what is missing, all or nothing (`known`: of these, default all); two gateways on one database wait for each other.
 * Faults: `storage.schema_newer`.
 */
export async function migrate(db: Db, dialect: Dialect, known = MIGRATIONS): Promise<void> {
  await refuseNewer(db);
  const migrations = Object.fromEntries(
    Object.entries(known).map(([name, run]): [string, Migration] => [name, { up: (tx) => run(migrationTools(tx, dialect)) }]),
  );
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    // Parts of the program number their migrations apart.
    allowUnorderedMigrations: true,
    migrationTableName: HISTORY_TABLE,
    migrationLockTableName: `${HISTORY_TABLE}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) throw error;
  if (error !== undefined) throw new Error('a migration failed', { cause: error });
}

async function refuseNewer(db: Db): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === HISTORY_TABLE)) return;
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(HISTORY_TABLE)} order by name`.execute(db);
  const unknown = rows.map((row) => row.name).filter((name) => !(name in MIGRATIONS));
  if (unknown.length === 0) return;
  throw new Fault('storage.schema_newer', {
    message: `The database was written by a newer MetaMCP (it has ${unknown.join(', ')}): start that version, or restore a backup made before it.`,
  });
}
