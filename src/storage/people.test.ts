/** People in both dialects: uniqueness, single use and what goes with a user. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { systemClock } from '../base/clock.ts';
import { lockDataFolder } from './data-folder.ts';
import { findOpenLink, insertLink, listOpenInvitations, type StoredLink, useLink } from './one-time-links.ts';
import { openStorage, type Storage } from './open-storage.ts';
import { findProviderUser, insertProviderFlow, insertProviderUser, listProviderUsers, takeProviderFlow, updateProviderGroups } from './provider-users.ts';
import { deleteEndedSignIns, deleteSignInsOf, findSignIn, insertSignIn, listSignIns, type StoredSignIn } from './sign-ins.ts';
import { transact } from './transaction.ts';
import { countOperators, findUser, findUserByEmail, insertUser, listUsers, type StoredUser, updateUser } from './users.ts';

let postgres: TestPostgres | undefined;

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);

afterAll(async () => {
  await postgres?.stop();
});

const NOW_MS = 1_800_000_000_000;

function user(id: string, more: Partial<StoredUser> = {}): StoredUser {
  return { id, email: `${id}@example.com`, name: id, role: 'member', passwordHash: undefined, createdAtMs: NOW_MS, lastSignInAtMs: undefined, disabledAtMs: undefined, ...more };
}

function signIn(id: string, userId: string, atMs = NOW_MS): StoredSignIn {
  return { id, digest: `digest of ${id}`, userId, method: 'password', address: '::1', browser: 'b', createdAtMs: atMs, lastSeenAtMs: atMs, reauthAtMs: atMs };
}

function link(id: string, more: Partial<StoredLink> = {}): StoredLink {
  return { id, digest: `digest of ${id}`, purpose: 'invitation', role: 'member', email: undefined, userId: undefined, createdBy: 'operator', createdAtMs: NOW_MS, expiresAtMs: NOW_MS + 1_000, usedAtMs: undefined, ...more };
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  let path: string;
  let storage: Storage;

  beforeEach(async (context) => {
    if (dialect === 'postgres' && postgres === undefined) context.skip();
    path = mkdtempSync(join(tmpdir(), 'metamcp-people-'));
    const databaseUrl = dialect === 'postgres' ? await postgres?.createDatabase() : undefined;
    storage = await openStorage({ folder: lockDataFolder(path), databaseUrl, clock: systemClock, keyCheck: 'check', report: () => {} });
  });

  afterEach(async () => {
    await storage.close();
    rmSync(path, { recursive: true, force: true });
  });

  test('users come back as they were written, and no two share an e-mail address, though several may have none', async () => {
    const { db } = storage;
    const whole = user('a', { passwordHash: '$h', lastSignInAtMs: 5, disabledAtMs: 6, role: 'operator' });
    await transact(db, async (tx) => {
      await insertUser(tx, whole);
      await insertUser(tx, user('b', { email: undefined }));
      await insertUser(tx, user('c', { email: undefined, role: 'operator' }));
    });
    expect(await findUser(db, 'a')).toEqual(whole);
    expect(await findUserByEmail(db, 'a@example.com')).toEqual(whole);
    await expect(transact(db, (tx) => insertUser(tx, user('d', { email: 'a@example.com' })))).rejects.toMatchObject({ code: 'request.conflict', reason: 'email_taken' });
    expect(await countOperators(db)).toBe(1);
    await transact(db, (tx) => updateUser(tx, 'a', { disabledAtMs: null, name: 'Ada' }));
    expect(await findUser(db, 'a')).toEqual({ ...whole, name: 'Ada', disabledAtMs: undefined });
    expect((await listUsers(db, { afterId: 'a', limit: 1 })).map(({ id }) => id)).toEqual(['b']);
    expect((await listUsers(db, { afterId: '', limit: 9, role: 'operator' })).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  test('a role that this version does not know is a failure, not a right', async () => {
    const { db } = storage;
    await transact(db, (tx) => insertUser(tx, user('a')));
    await db.updateTable('user').set({ role: 'emperor' }).execute();
    await expect(findUser(db, 'a')).rejects.toThrow();
  });

  test('sign-ins end one by one, all of a user’s, by age, and with their user', async () => {
    const { db } = storage;
    await transact(db, async (tx) => {
      await insertUser(tx, user('a'));
      await insertUser(tx, user('b'));
      for (const [id, atMs] of [['s1', NOW_MS - 100], ['s2', NOW_MS], ['s3', NOW_MS]] as const) await insertSignIn(tx, signIn(id, 'a', atMs));
      await insertSignIn(tx, signIn('s4', 'b'));
      await deleteEndedSignIns(tx, { createdBeforeMs: NOW_MS - 50, seenBeforeMs: 0 });
    });
    expect((await listSignIns(db, 'a')).map(({ id }) => id)).toEqual(['s3', 's2']);
    expect(await findSignIn(db, 'digest of s2')).toEqual({ signIn: signIn('s2', 'a'), user: user('a') });
    expect(await transact(db, (tx) => deleteSignInsOf(tx, 'a', 's2'))).toBe(1);
    await db.deleteFrom('user').where('id', '=', 'b').execute();
    expect(await findSignIn(db, 'digest of s4')).toBeUndefined();
  });

  test('of many who use one link at a time, one wins', async () => {
    const { db } = storage;
    await transact(db, (tx) => insertLink(tx, link('l1')));
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => transact(db, (tx) => useLink(tx, 'l1', NOW_MS))));
    expect(outcomes.filter((isMine) => isMine)).toHaveLength(1);
    expect(await findOpenLink(db, 'digest of l1', NOW_MS)).toBeUndefined();
  });

  test('a link ends at its time', async () => {
    const { db } = storage;
    await transact(db, (tx) => insertLink(tx, link('l1', { email: 'x@example.com' })));
    expect(await findOpenLink(db, 'digest of l1', NOW_MS + 999)).toEqual(link('l1', { email: 'x@example.com' }));
    expect(await listOpenInvitations(db, NOW_MS)).toHaveLength(1);
    expect(await findOpenLink(db, 'digest of l1', NOW_MS + 1_000)).toBeUndefined();
    expect(await transact(db, (tx) => useLink(tx, 'l1', NOW_MS + 1_000))).toBe(false);
  });

  test('a login of a provider leads to one user; a flow is taken once and in time', async () => {
    const { db } = storage;
    const login = { issuer: 'https://id.example', subject: 's', userId: 'a', groups: ['x', 'ü'], linkedAtMs: NOW_MS };
    await transact(db, async (tx) => {
      await insertUser(tx, user('a'));
      await insertUser(tx, user('b'));
      await insertProviderUser(tx, login);
    });
    await expect(transact(db, (tx) => insertProviderUser(tx, { ...login, userId: 'b' }))).rejects.toMatchObject({ reason: 'provider_user_taken' });
    expect(await findProviderUser(db, 'https://other.example', 's')).toBeUndefined();
    await transact(db, (tx) => updateProviderGroups(tx, { ...login, groups: [] }));
    expect(await listProviderUsers(db, 'a')).toEqual([{ ...login, groups: [] }]);

    await transact(db, async (tx) => {
      await insertProviderFlow(tx, { stateDigest: 'd1', body: 'one', expiresAtMs: NOW_MS + 10 }, NOW_MS);
      await insertProviderFlow(tx, { stateDigest: 'd2', body: 'two', expiresAtMs: NOW_MS + 10 }, NOW_MS);
    });
    const taken = await Promise.all(Array.from({ length: 4 }, () => takeProviderFlow(db, 'd1', NOW_MS)));
    expect(taken.filter((body) => body !== undefined)).toEqual(['one']);
    expect(await takeProviderFlow(db, 'd2', NOW_MS + 10)).toBeUndefined();
  });
});
