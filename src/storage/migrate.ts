/** Brings the tables to the form this version knows, or refuses what a newer version made. */
import { type Kysely, sql } from 'kysely';
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
import { auditPlacesOfOlder } from './migrations/0453-audit-places-of-older.ts';
import { auditWriters } from './migrations/0454-audit-writers.ts';
import { definitionPins } from './migrations/0500-definition-pins.ts';
import { scriptRuns } from './migrations/0600-script-runs.ts';
import { embeddingVectors } from './migrations/0610-embedding-vectors.ts';
import { onDemand } from './migrations/0700-on-demand.ts';
import { runLeases } from './migrations/0710-run-leases.ts';
import { keyPeppers } from './migrations/0720-key-peppers.ts';
import { chatModels } from './migrations/0730-chat-models.ts';
import { replicas } from './migrations/0800-replicas.ts';
import { replicaEncryption } from './migrations/0810-replica-encryption.ts';
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
  '0453-audit-places-of-older': auditPlacesOfOlder,
  '0454-audit-writers': auditWriters,
  '0500-definition-pins': definitionPins,
  '0600-script-runs': scriptRuns,
  '0610-embedding-vectors': embeddingVectors,
  '0700-on-demand': onDemand,
  '0710-run-leases': runLeases,
  '0720-key-peppers': keyPeppers,
  '0730-chat-models': chatModels,
  '0800-replicas': replicas,
  '0810-replica-encryption': replicaEncryption,
};

/**
 * Those that a gateway which does not know them can live with: they add what it does not name, and take nothing away that it
 * does. It finds that noted in the database. What takes something away is left for the minor version after.
 */
export const HARMLESS: ReadonlySet<string> = new Set(['0453-audit-places-of-older', '0454-audit-writers', '0810-replica-encryption']);

/** The tables as a version of the program knows them. */
export interface KnownSchema {
  readonly migrations: Readonly<Record<string, Migrate>>;
  readonly harmless: ReadonlySet<string>;
}
const PRESENT: KnownSchema = { migrations: MIGRATIONS, harmless: HARMLESS };

const HISTORY_TABLE = 'migration';
const HARMLESS_TABLE = 'migration_harmless';
/** Whoever waits for a lock on a table holds up all who come after it: the gateways that still serve. */
const LOCK_TIMEOUT = sql.lit('4s');

/** Whether nothing is missing; else `migrate` is to run. Faults: `storage.schema_newer`. */
export async function isMigrated(db: Db, { migrations }: KnownSchema = PRESENT): Promise<boolean> {
  const done = new Set(await readHistory(db, migrations));
  return Object.keys(migrations).every((name) => done.has(name));
}

/**
 * Runs what is missing, all or nothing; two gateways on one database wait for each other. Faults: `storage.schema_newer`.
 */
export async function migrate(db: Db, dialect: Dialect, { migrations, harmless }: KnownSchema = PRESENT): Promise<void> {
  const ofNewer = (await readHistory(db, migrations)).filter((name) => !(name in migrations));
  const known = Object.entries(migrations).map(([name, run]): [string, Migration] => [name, { up: (tx) => runOne(tx, { name, run, dialect, isHarmless: harmless.has(name) }) }]);
  const done = ofNewer.map((name): [string, Migration] => [name, { up: () => Promise.resolve() }]);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(Object.fromEntries([...known, ...done])) },
    // Parts of the program number their migrations apart.
    allowUnorderedMigrations: true,
    migrationTableName: HISTORY_TABLE,
    migrationLockTableName: `${HISTORY_TABLE}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) throw error;
  if (error !== undefined) throw new Error('a migration failed', { cause: error });
}

interface Running {
  readonly name: string;
  readonly run: Migrate;
  readonly dialect: Dialect;
  readonly isHarmless: boolean;
}

async function runOne(tx: Kysely<unknown>, { name, run, dialect, isHarmless }: Running): Promise<void> {
  if (dialect === 'postgres') await sql`set local lock_timeout = ${LOCK_TIMEOUT}`.execute(tx);
  await run(migrationTools(tx, dialect));
  if (!isHarmless) return;
  await tx.schema.createTable(HARMLESS_TABLE).ifNotExists().addColumn('name', 'text', (column) => column.primaryKey()).execute();
  await sql`insert into ${sql.table(HARMLESS_TABLE)} (name) values (${name})`.execute(tx);
}

/** Names of what was done. Faults: `storage.schema_newer` where a newer version did what this one cannot live with. */
async function readHistory(db: Db, known: KnownSchema['migrations']): Promise<readonly string[]> {
  const tables = new Set((await db.introspection.getTables({ withInternalKyselyTables: true })).map((table) => table.name));
  const namesIn = async (table: string): Promise<string[]> => {
    if (!tables.has(table)) return [];
    const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)} order by name`.execute(db);
    return rows.map(({ name }) => name);
  };
  const done = await namesIn(HISTORY_TABLE);
  const harmless = new Set(await namesIn(HARMLESS_TABLE));
  const unknown = done.filter((name) => !(name in known) && !harmless.has(name));
  if (unknown.length === 0) return done;
  throw new Fault('storage.schema_newer', {
    message: `The database was written by a newer MetaMCP (it has ${unknown.join(', ')}): start that version, or restore a backup made before it.`,
  });
}
