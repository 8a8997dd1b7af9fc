/** What gateways of an older version write while a newer one has brought the tables up to date already, and how one goes back. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { GENESIS, linkOf } from '../audit/chain.ts';
import { RecordPack } from '../audit/record-pack.ts';
import { systemClock } from '../base/clock.ts';
import { postgresDamage } from './audit-damage-postgres.ts';
import { PostgresAuditStore } from './audit-postgres.ts';
import { HARMLESS, isMigrated, MIGRATIONS, migrate } from './migrate.ts';
import type { Migrate } from './migrations/migration.ts';
import { openPostgres } from './postgres.ts';
import { listReplicas } from './replicas.ts';
import type { Database, Db, Dialect } from './schema.ts';
import { openSqlite } from './sqlite.ts';

const NAMES = Object.keys(MIGRATIONS).sort();
const AT_MS = Date.UTC(2026, 10, 21, 12);
const opened: Db[] = [];
const folders: string[] = [];
let postgres: TestPostgres | undefined;

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(async () => {
  for (const db of opened) await db.destroy();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  await postgres?.stop();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-side-'));
  folders.push(folder);
  return folder;
}

/** An empty database, and its address where it has one. Undefined where there is no PostgreSQL. */
async function open(dialect: Dialect): Promise<{ db: Db; url: string } | undefined> {
  const url = dialect === 'sqlite' ? '' : await postgres?.createDatabase();
  if (url === undefined) return undefined;
  const db = new Kysely<Database>({ dialect: dialect === 'sqlite' ? openSqlite(newFolder()) : openPostgres(url, systemClock, () => undefined) });
  opened.push(db);
  return { db, url };
}

const known = (isKnown: (name: string) => boolean, more: Record<string, Migrate> = {}) => ({
  migrations: { ...Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => isKnown(name))), ...more },
  harmless: HARMLESS,
});

interface ColumnFacts {
  readonly type: string;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
}

/** Columns by `table.column`. */
async function columnsOf(db: Db): Promise<Map<string, ColumnFacts>> {
  const tables = await db.introspection.getTables();
  return new Map(tables.flatMap(({ name, columns }) => columns.map((column) => [`${name}.${column.name}`, { type: column.dataType, isNullable: column.isNullable, hasDefault: column.hasDefaultValue || column.isAutoIncrementing }] as const)));
}

/** What restricts rows: keys, unique indexes and checks, as the database writes them. */
async function restrictionsOf(db: Db, dialect: Dialect): Promise<Map<string, string>> {
  const { rows } =
    dialect === 'postgres'
      ? await sql<{ name: string; text: string }>`
          select replace(conrelid::regclass::text, '"', '') || ' ' || conname as name, pg_get_constraintdef(oid) as text from pg_constraint where connamespace = 'public'::regnamespace
          union all select tablename || ' ' || indexname, indexdef from pg_indexes where schemaname = 'public' and indexdef like 'CREATE UNIQUE%'`.execute(db)
      : await sql<{ name: string; text: string }>`select tbl_name || ' ' || name as name, sql as text from sqlite_master where sql like 'CREATE UNIQUE%'`.execute(db);
  return new Map(rows.map(({ name, text }) => [name, text]));
}

const tableOf = (name: string): string => name.split(/[. ]/)[0] ?? '';

/** Why a statement that was written for the tables as they were may fail on the tables as they are. */
async function obstaclesAfter(dialect: Dialect, then: (name: string) => boolean): Promise<string[] | undefined> {
  const place = await open(dialect);
  if (place === undefined) return undefined;
  const { db } = place;
  await migrate(db, dialect, known(then));
  const [columns, restrictions] = [await columnsOf(db), await restrictionsOf(db, dialect)];
  const tables = new Set([...columns.keys()].map(tableOf));
  await migrate(db, dialect);
  const [now, restrictionsNow] = [await columnsOf(db), await restrictionsOf(db, dialect)];
  return [
    ...[...columns].flatMap(([name, before]) => {
      const after = now.get(name);
      if (after === undefined) return [`${name} is gone`];
      if (after.type !== before.type) return [`${name} was ${before.type} and is ${after.type}`];
      const mustBeNamed = !after.isNullable && !after.hasDefault;
      return mustBeNamed && (before.isNullable || before.hasDefault) ? [`${name} must be named now`] : [];
    }),
    ...[...now].filter(([name, { isNullable, hasDefault }]) => tables.has(tableOf(name)) && !columns.has(name) && !isNullable && !hasDefault).map(([name]) => `${name} is new and must be named`),
    ...[...restrictionsNow].filter(([name, text]) => tables.has(tableOf(name)) && restrictions.get(name) !== text).map(([name, text]) => `${name} is new or another: ${text}`),
  ];
}

/** Before there was any release 0710 moved workflows into the configuration: gateways of that day cannot go on. Nothing may be added here. */
const KNOWN_OBSTACLES: Readonly<Record<string, readonly string[]>> = { '0700-on-demand': ['name', 'version', 'owner', 'definition', 'updated_at_ms'].map((column) => `workflow.${column} is gone`) };

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  test.each(NAMES.map((name, index) => [name, new Set(NAMES.slice(0, index + 1))] as const))('[UP-02] what is written by a gateway whose newest table change is %s fits the present tables', async (name, then) => {
    const obstacles = await obstaclesAfter(dialect, (one) => then.has(one));
    if (obstacles !== undefined) expect(obstacles).toEqual(KNOWN_OBSTACLES[name] ?? []);
  });

  test('[UP-02] a gateway of the version before starts on tables that a newer one changed harmlessly, and changes nothing', async () => {
    const place = await open(dialect);
    if (place === undefined) return;
    const { db } = place;
    const newer = { ...known(() => true, { '9000-more': ({ db: tx }) => tx.schema.alterTable('setting').addColumn('more', 'text').execute() }), harmless: new Set([...HARMLESS, '9000-more']) };
    await migrate(db, dialect, newer);
    expect(await isMigrated(db)).toBe(true);
    await migrate(db, dialect);
    await sql`insert into setting (name, value) values ('a', '1')`.execute(db);
    // And the newer one again.
    expect(await isMigrated(db, newer)).toBe(true);
    await migrate(db, dialect, newer);
    expect((await sql<{ more: string | null }>`select more from setting where name = 'a'`.execute(db)).rows).toEqual([{ more: null }]);
  });

  test('[UP-01] it refuses tables that a newer one changed otherwise', async () => {
    const place = await open(dialect);
    if (place === undefined) return;
    await migrate(place.db, dialect, known(() => true, { '9000-less': ({ db: tx }) => tx.schema.dropTable('setting').execute() }));
    await expect(migrate(place.db, dialect)).rejects.toMatchObject({ code: 'storage.schema_newer', message: expect.stringContaining('9000-less') });
    await expect(isMigrated(place.db)).rejects.toMatchObject({ code: 'storage.schema_newer' });
  });

  test('a database where one of both was missing is brought up to date', async () => {
    const place = await open(dialect);
    if (place === undefined) return;
    await migrate(place.db, dialect, known((name) => !HARMLESS.has(name)));
    expect(await isMigrated(place.db)).toBe(false);
    await migrate(place.db, dialect);
    expect(await isMigrated(place.db)).toBe(true);
  });
});

/** As gateways before 0452 wrote records: no place is named. */
const OLD_RECORD =
  'insert into audit_record (writer, seq, at_ms, kind, call_id, principal, credential, endpoint, server, tool, method, outcome, effect, action, subject, text, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17), ($1, $18, $3, $4, $19, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $20, $21)';
const OLD_PAYLOAD = 'insert into audit_payload (writer, seq, at_ms, arguments, result) values ($1, $2, $3, $4, $5)';
const OLD_CHECKPOINT = 'insert into audit_checkpoint (writer, seq, hash, at_ms, signature) values ($1, $2, $3, $4, $5) on conflict do nothing';
/** As gateways before 0810 say that they are there. */
const OLD_BEAT = `insert into "replica" ("id", "started_at_ms", "name", "version", "generation", "sessions", "address", "is_listening", "is_leader", "seen_at_ms")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, (extract(epoch from clock_timestamp()) * 1000)::bigint)
  on conflict ("id") do update set "name" = $10, "generation" = $11, "seen_at_ms" = (extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** Writes two records of one gateway at a time, as the version before did. */
function oldWriter(client: pg.Client, writer: string): (ending?: 'commit' | 'rollback') => Promise<void> {
  let head = { seq: 0, hash: GENESIS };
  return async (ending = 'commit') => {
    const [first, second] = [head.seq + 1, head.seq + 2];
    const textOf = (seq: number): string => JSON.stringify({ kind: 'call', id: `${writer}-${seq}`, atMs: AT_MS, principal: { kind: 'key', id: 'key:a', name: 'a' }, endpoint: 'dev', server: 'files', tool: 'read', method: 'tools/call', outcome: 'ok', isDispatched: true });
    const firstHash = linkOf(head.hash, first, textOf(first));
    const secondHash = linkOf(firstHash, second, textOf(second));
    await client.query('begin');
    const columns = [writer, first, AT_MS, 'call', `${writer}-${first}`, 'key:a', null, 'dev', 'files', 'read', 'tools/call', 'ok', null, null, null, textOf(first), firstHash, second, `${writer}-${second}`, textOf(second), secondHash];
    await client.query(OLD_RECORD, columns);
    await client.query(OLD_PAYLOAD, [writer, first, AT_MS, '{"a":1}', null]);
    await client.query(OLD_CHECKPOINT, [writer, second, secondHash, AT_MS, 'signature']);
    await client.query(ending);
    if (ending === 'commit') head = { seq: second, hash: secondHash };
  };
}

describe('side by side on PostgreSQL', () => {
  test('[UP-02] a gateway from before 0452 goes on writing records beside a new one, and no place is left out or given twice', async ({ skip }) => {
    const place = await open('postgres');
    if (place === undefined) return skip();
    const { db, url } = place;
    await migrate(db, 'postgres', known((name) => !['0452-audit-places', ...HARMLESS].includes(name)));
    await sql`create table audit_record_2026_11 partition of audit_record for values from (${sql.lit(Date.UTC(2026, 10, 1))}) to (${sql.lit(Date.UTC(2026, 11, 1))})`.execute(db);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const writeOld = oldWriter(client, 'old');
      await writeOld();
      await writeOld('rollback');
      await writeOld();

      await migrate(db, 'postgres');

      const { privateKey } = generateKeyPairSync('ed25519');
      const store = new PostgresAuditStore({ db, folder: newFolder(), writer: createHash('sha256').update('new').digest('hex').slice(0, 16), privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), redact: (text) => ({ text, redactions: 0 }), nowMs: () => AT_MS });
      const writeNew = (id: string): Promise<void> => store.append([RecordPack.of(Array.from({ length: 3 }, (_, index) => ({ record: JSON.stringify({ kind: 'call', id: `${id}-${index}`, atMs: AT_MS, principal: { kind: 'key', id: 'key:a', name: 'a' }, endpoint: 'dev', server: 'files', tool: 'read', method: 'tools/call', outcome: 'ok', isDispatched: true }) })))]);
      await writeOld();
      await writeOld('rollback');
      const both = async (work: () => Promise<void>): Promise<void> => {
        for (let round = 0; round < 20; round++) await work();
      };
      await Promise.all([both(() => writeOld()), both(() => writeNew('new'))]);

      const { rows } = await sql<{ position: number }>`select position from audit_record order by position`.execute(db);
      expect(rows.map(({ position }) => position)).toEqual(Array.from({ length: 2 * 23 + 3 * 20 }, (_, index) => index + 1));
      expect(await postgresDamage(db)).toEqual([]);
    } finally {
      await client.end();
    }
  });

  test('[UP-02] a gateway from before 0810 says that it is there, and that others reach it without TLS', async ({ skip }) => {
    const place = await open('postgres');
    if (place === undefined) return skip();
    await migrate(place.db, 'postgres');
    const client = new pg.Client({ connectionString: place.url });
    await client.connect();
    for (const generation of [1, 2]) await client.query(OLD_BEAT, ['old', 1, 'old', '0.1.0', generation, 0, 'http://10.0.0.1:1', 1, 0, 'old', generation]);
    await client.end();
    expect(await listReplicas(place.db)).toMatchObject([{ id: 'old', generation: 2, isEncrypted: false }]);
  });

  test('who must wait for a table longer than others can wait behind it gives up, and nothing was changed', async ({ skip }) => {
    const place = await open('postgres');
    if (place === undefined) return skip();
    const { db, url } = place;
    await migrate(db, 'postgres', known((name) => !HARMLESS.has(name)));
    const reader = new pg.Client({ connectionString: url });
    await reader.connect();
    try {
      await reader.query('begin');
      await reader.query('select count(*) from audit_record');
      await expect(migrate(db, 'postgres')).rejects.toMatchObject({ code: '55P03' });
      await reader.query('commit');
      expect(await isMigrated(db)).toBe(false);
      await migrate(db, 'postgres');
      expect(await isMigrated(db)).toBe(true);
    } finally {
      await reader.end();
    }
  }, 30_000);
});
