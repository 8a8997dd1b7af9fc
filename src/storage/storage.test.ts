/** One suite over both dialects: what holds for the embedded database holds for PostgreSQL. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { systemClock } from '../base/clock.ts';
import { insertAuditEvent, listAuditEvents } from './audit-events.ts';
import { type DataFolder, lockDataFolder } from './data-folder.ts';
import { findKey, insertKey, listActiveKeys, listKeys, revokeKey, type StoredKey, updateKeyLastUsed } from './keys.ts';
import { MIGRATIONS } from './migrate.ts';
import { openStorage, type Storage } from './open-storage.ts';
import { findSetting, upsertSetting } from './settings.ts';
import { query, transact } from './transaction.ts';

let postgres: TestPostgres | undefined;
const folders: string[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);

afterAll(async () => {
  await postgres?.stop();
});

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-storage-'));
  folders.push(folder);
  return folder;
}

function key(id: string, more: Partial<StoredKey> = {}): StoredKey {
  return {
    id,
    name: `name of ${id}`,
    endpoints: ['*'],
    digest: `digest of ${id}`,
    sealedValue: undefined,
    expiresAtMs: undefined,
    createdAtMs: 1_800_000_000_000,
    lastUsedAtMs: undefined,
    revokedAtMs: undefined,
    ...more,
  };
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  let path: string;
  let databaseUrl: string | undefined;
  let folder: DataFolder;
  let storage: Storage;

  const open = async (keyCheck = 'check'): Promise<Storage> => openStorage({ folder, databaseUrl, clock: systemClock, keyCheck, report: () => {} });

  beforeEach(async ({ skip }) => {
    if (dialect === 'postgres' && postgres === undefined) skip();
    path = newFolder();
    databaseUrl = dialect === 'postgres' ? await postgres?.createDatabase() : undefined;
    folder = lockDataFolder(path);
    storage = await open();
    return async () => {
      await storage.close();
      folder.release();
    };
  });

  test('opening again runs no migration twice and finds what was written', async () => {
    await transact(storage.db, (tx) => insertKey(tx, key('key_1')));
    await storage.close();
    storage = await open();

    expect(storage.dialect).toBe(dialect);
    expect(await findKey(storage.db, 'key_1')).toEqual(key('key_1'));
    const { rows } = await sql<{ name: string }>`select name from migration order by name`.execute(storage.db);
    expect(rows.map((row) => row.name)).toEqual(Object.keys(MIGRATIONS));
  });

  test('a database that a newer version wrote is refused and left as it is', async () => {
    await sql`insert into migration (name, timestamp) values ('9999-from-the-future', '2030-01-01')`.execute(storage.db);

    await expect(open()).rejects.toMatchObject({ code: 'storage.schema_newer', message: expect.stringContaining('9999-from-the-future') });

    const { rows } = await sql`select name from migration`.execute(storage.db);
    expect(rows).toHaveLength(Object.keys(MIGRATIONS).length + 1);
  });

  test('a database that was made with another instance key is refused', async () => {
    await expect(open('another check')).rejects.toMatchObject({ code: 'storage.secret_unreadable' });
  });

  test('a key comes back as it was written, whichever of its parts are there', async () => {
    const full = key('key_2', { endpoints: ['a', 'b'], sealedValue: 'v1.x', expiresAtMs: 1_900_000_000_001, lastUsedAtMs: 1_800_000_000_002 });
    await transact(storage.db, async (tx) => {
      await insertKey(tx, key('key_1'));
      await insertKey(tx, full);
    });

    expect(await listKeys(storage.db)).toEqual([key('key_1'), full]);
    expect(await findKey(storage.db, 'key_3')).toBeUndefined();
  });

  test('no two keys in use have one name, and a revoked key gives its name back', async () => {
    await transact(storage.db, (tx) => insertKey(tx, key('key_1', { name: 'laptop', sealedValue: 'v1.x' })));
    const again = key('key_2', { name: 'laptop' });
    await expect(transact(storage.db, (tx) => insertKey(tx, again))).rejects.toMatchObject({ code: 'request.conflict' });

    expect(await transact(storage.db, (tx) => revokeKey(tx, 'key_1', 5))).toBe(true);
    expect(await transact(storage.db, (tx) => revokeKey(tx, 'key_1', 6))).toBe(false);
    await transact(storage.db, (tx) => insertKey(tx, again));

    expect(await listActiveKeys(storage.db)).toEqual([again]);
    expect(await findKey(storage.db, 'key_1')).toMatchObject({ revokedAtMs: 5, sealedValue: undefined });
  });

  test('the last use of a key never moves back', async () => {
    await transact(storage.db, (tx) => insertKey(tx, key('key_1')));
    for (const atMs of [20, 10, 30]) await updateKeyLastUsed(storage.db, 'key_1', atMs);
    expect(await findKey(storage.db, 'key_1')).toMatchObject({ lastUsedAtMs: 30 });
  });

  test('of a transaction that fails nothing stays', async () => {
    const failing = transact(storage.db, async (tx) => {
      await insertKey(tx, key('key_1'));
      await insertAuditEvent(tx, { atMs: 1, principal: 'operator', action: 'createKey', subject: 'key_1', outcome: 'done', detail: {} });
      throw new RangeError('no');
    });

    await expect(failing).rejects.toThrow(RangeError);
    expect(await listKeys(storage.db)).toEqual([]);
    expect(await listAuditEvents(storage.db, { afterSeq: 0, limit: 10 })).toEqual([]);
  });

  test('any text finds no key but its own, whatever it holds', async () => {
    await transact(storage.db, (tx) => insertKey(tx, key('key_1')));
    // U+0000 cannot be in a text of PostgreSQL; the contract refuses it in ids and names.
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom("' or 1=1--", '%', '_', 'key_%', '"; drop table key;--', '\\'));
    await fc.assert(
      fc.asyncProperty(text, async (id) => {
        expect(await findKey(storage.db, id.replaceAll('\0', ''))).toBeUndefined();
      }),
      { numRuns: 50 },
    );
    expect(await listKeys(storage.db)).toHaveLength(1);
  });

  test('a setting comes back as the JSON it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        await upsertSetting(storage.db, 'any', value);
        expect(JSON.stringify(await findSetting(storage.db, 'any', z.unknown()))).toBe(JSON.stringify(value));
      }),
      { numRuns: 50 },
    );
    await upsertSetting(storage.db, 'any', 'nul \u0000 and lone \ud800');
    expect(await findSetting(storage.db, 'any', z.string())).toBe('nul \u0000 and lone \ud800');
    expect(await findSetting(storage.db, 'other', z.string())).toBeUndefined();
  });

  test('a setting that is not what it must be fails instead of passing for it', async () => {
    await upsertSetting(storage.db, 'count', 'many');
    await expect(findSetting(storage.db, 'count', z.number())).rejects.toThrow(z.ZodError);
  });

  test('audit events keep their order and can be neither changed nor deleted', async () => {
    const event = { principal: 'operator', action: 'createKey', outcome: 'done', detail: { name: 'x' } } as const;
    for (const subject of ['a', 'b', 'c']) await insertAuditEvent(storage.db, { ...event, subject, atMs: 1_800_000_000_000 });

    await expect(sql`update audit_event set subject = 'z'`.execute(storage.db)).rejects.toThrow('append-only');
    await expect(sql`delete from audit_event`.execute(storage.db)).rejects.toThrow('append-only');

    const [first, ...rest] = await listAuditEvents(storage.db, { afterSeq: 0, limit: 10 });
    expect(first).toEqual({ ...event, subject: 'a', atMs: 1_800_000_000_000, seq: expect.any(Number) });
    expect(await listAuditEvents(storage.db, { afterSeq: first?.seq ?? 0, limit: 10 })).toEqual(rest);
    expect(rest.map((one) => one.subject)).toEqual(['b', 'c']);
  });

  test('what was acknowledged survives kill -9, and the folder is free again at once', async () => {
    await storage.close();
    folder.release();
    const { acknowledged, refusal, pid } = await writeUntilKilled(path, databaseUrl);

    expect(refusal).toMatchObject({ code: 'storage.locked', message: expect.stringContaining(`process ${pid}`), data: { pid } });
    folder = lockDataFolder(path);
    storage = await open();
    const found = new Set((await listKeys(storage.db)).map((one) => one.id));
    expect(acknowledged.length).toBeGreaterThanOrEqual(25);
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
  });
});

/** A process of its own writes keys one by one and says so after each; it is killed in the middle. */
async function writeUntilKilled(path: string, databaseUrl: string | undefined) {
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    import { lockDataFolder } from ${module('./data-folder.ts')};
    import { openStorage } from ${module('./open-storage.ts')};
    import { transact } from ${module('./transaction.ts')};
    import { insertKey } from ${module('./keys.ts')};
    import { systemClock } from ${module('../base/clock.ts')};
    const [path, databaseUrl] = process.argv.slice(1);
    const folder = lockDataFolder(path);
    const storage = await openStorage({ folder, databaseUrl, clock: systemClock, keyCheck: 'check', report() {} });
    for (let count = 0; ; count++) {
      const id = 'key_' + count;
      await transact(storage.db, (tx) => insertKey(tx, { id, name: id, endpoints: ['*'], digest: id, createdAtMs: count }));
      process.stdout.write(id + '\\n');
    }`;
  const args = ['--input-type=module', '-e', script, path, ...(databaseUrl === undefined ? [] : [databaseUrl])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const acknowledged: string[] = [];
  let refusal: unknown;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length !== 25) continue;
    try {
      lockDataFolder(path);
    } catch (thrown) {
      refusal = thrown;
    }
    child.kill('SIGKILL');
  }
  await exited;
  return { acknowledged, refusal, pid: child.pid };
}

test('a database that went away is a refusal, and works again when it is back, without a restart', async ({ skip }) => {
  if (postgres?.restart === undefined) return skip();
  const folder = lockDataFolder(newFolder());
  const databaseUrl = await postgres.createDatabase();
  const storage = await openStorage({ folder, databaseUrl, clock: systemClock, keyCheck: 'check', report: () => {} });
  await transact(storage.db, (tx) => insertKey(tx, key('key_1')));

  await postgres.restart.stop();
  await expect(storage.ping()).rejects.toMatchObject({ code: 'storage.unavailable', http: 503 });
  await expect(transact(storage.db, (tx) => insertKey(tx, key('key_2')))).rejects.toMatchObject({ code: 'storage.unavailable' });
  await postgres.restart.start();

  expect((await query(storage.db, listKeys)).map((one) => one.id)).toEqual(['key_1']);
  await storage.close();
  folder.release();
});

test('a full disk is a refusal that leaves nothing behind, and writes go on once there is space', async () => {
  const folder = lockDataFolder(newFolder());
  const storage = await openStorage({ folder, databaseUrl: undefined, clock: systemClock, keyCheck: 'check', report: () => {} });
  const large = key('key_1', { name: 'x'.repeat(100_000) });
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(storage.db);
  await sql.raw(`pragma max_page_count = ${rows[0]?.page_count}`).execute(storage.db);

  await expect(transact(storage.db, (tx) => insertKey(tx, large))).rejects.toMatchObject({ code: 'storage.unavailable', isRetryable: true });
  expect(await listKeys(storage.db)).toEqual([]);

  await sql`pragma max_page_count = 100000`.execute(storage.db);
  await transact(storage.db, (tx) => insertKey(tx, large));
  expect(await listKeys(storage.db)).toHaveLength(1);
  await storage.close();
  folder.release();
});
