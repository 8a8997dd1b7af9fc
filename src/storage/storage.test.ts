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
import { findAuditEvents, insertAuditEvent, listAuditEvents } from './audit-events.ts';
import { findConfigVersion, findLatestVersionNumber, insertConfigVersion, listConfigVersions } from './config-versions.ts';
import { type DataFolder, lockDataFolder } from './data-folder.ts';
import { findKeptAnswer, keepAnswer } from './idempotency.ts';
import { findKey, insertKey, listActiveKeys, listKeys, revokeKey, type StoredKey, updateKeyLastUsed } from './keys.ts';
import { MIGRATIONS } from './migrate.ts';
import { deleteObject, insertObject, listObjects, type StoredObject, updateObject } from './objects.ts';
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

  const object = (name: string, more: Partial<StoredObject> = {}): StoredObject => ({
    kind: 'servers',
    name,
    sealedBody: `v1.${name}`,
    owner: undefined,
    managedBy: undefined,
    version: 1,
    position: 1,
    createdAtMs: 1_800_000_000_000,
    updatedAtMs: 1_800_000_000_000,
    ...more,
  });

  test('objects come back in their order, with owner and file, and one name is there once in a kind', async () => {
    const all = [object('b', { owner: 'user:a' }), object('a', { position: 2, managedBy: 'metamcp.yaml' }), object('a', { kind: 'namespaces', position: 3 })];
    await transact(storage.db, async (tx) => {
      for (const one of all) await insertObject(tx, one);
    });
    expect(await listObjects(storage.db)).toEqual(all);
    await expect(transact(storage.db, (tx) => insertObject(tx, object('a')))).rejects.toMatchObject({ code: 'request.conflict' });
    await transact(storage.db, (tx) => deleteObject(tx, 'servers', 'a'));
    expect((await listObjects(storage.db)).map(({ kind, name }) => [kind, name])).toEqual([
      ['servers', 'b'],
      ['namespaces', 'a'],
    ]);
  });

  test('an object is updated from the version before and from no other', async () => {
    await transact(storage.db, (tx) => insertObject(tx, object('a')));
    const next = object('a', { version: 2, sealedBody: 'v1.x' });
    await transact(storage.db, (tx) => updateObject(tx, next));
    await expect(transact(storage.db, (tx) => updateObject(tx, next))).rejects.toMatchObject({ code: 'request.conflict', reason: 'changed_meanwhile' });
    expect(await listObjects(storage.db)).toEqual([next]);
  });

  test('versions of the configuration are numbered, listed newest first and found by number', async () => {
    expect(await findLatestVersionNumber(storage.db)).toBe(0);
    const version = (number: number) => ({ number, atMs: number, author: 'operator', reason: `reason ${number}`, sealedDocument: `v1.${number}` });
    for (const number of [1, 2, 3]) await transact(storage.db, (tx) => insertConfigVersion(tx, version(number)));
    expect(await findLatestVersionNumber(storage.db)).toBe(3);
    expect((await listConfigVersions(storage.db, { beforeNumber: 3, limit: 5 })).map(({ number }) => number)).toEqual([2, 1]);
    expect(await findConfigVersion(storage.db, 2)).toEqual(version(2));
    expect(await findConfigVersion(storage.db, 4)).toBeUndefined();
    await expect(transact(storage.db, (tx) => insertConfigVersion(tx, version(3)))).rejects.toThrow();
  });

  test('an answer is kept for its principal and key until it is old', async () => {
    const kept = (key: string, atMs: number) => ({ principal: 'operator', key, fingerprint: 'f', sealedAnswer: 'v1.a', atMs });
    await transact(storage.db, (tx) => keepAnswer(tx, kept('old', 10), 0));
    await transact(storage.db, (tx) => keepAnswer(tx, kept('new', 20), 15));
    expect(await findKeptAnswer(storage.db, 'operator', 'new')).toEqual(kept('new', 20));
    expect(await findKeptAnswer(storage.db, 'operator', 'old')).toBeUndefined();
    expect(await findKeptAnswer(storage.db, 'someone', 'new')).toBeUndefined();
  });

  test('audit events are found newest first, by what they were about', async () => {
    for (const [subject, outcome] of [['a', 'done'], ['b', 'denied'], ['a', 'denied']] as const) {
      await insertAuditEvent(storage.db, { atMs: 1, principal: 'operator', action: 'x', subject, outcome, detail: {} });
    }
    const [newest, ...older] = await findAuditEvents(storage.db, { beforeSeq: undefined, limit: 10 });
    expect(newest).toMatchObject({ subject: 'a', outcome: 'denied' });
    expect(await findAuditEvents(storage.db, { beforeSeq: newest?.seq, limit: 10 })).toEqual(older);
    expect((await findAuditEvents(storage.db, { beforeSeq: undefined, limit: 10, subject: 'a', outcome: 'done' })).map(({ outcome }) => outcome)).toEqual(['done']);
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
