/** One suite over both dialects. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/support/start-postgres.ts';
import { systemClock } from '../base/clock.ts';
import type { OAuthEntity, OAuthStore } from '../model/oauth.ts';
import { lockDataFolder } from './data-folder.ts';
import { createOAuthStore } from './oauth-store.ts';
import { openStorage, type Storage } from './open-storage.ts';

let postgres: TestPostgres | undefined;

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);

afterAll(() => postgres?.stop());

const AT_MS = 1_800_000_000_000;

function entity(model: string, digest: string, more: Partial<OAuthEntity> = {}): OAuthEntity {
  return { model, digest, grantDigest: 'g1', userId: 'u1', clientId: 'c1', payload: { scope: 'mcp' }, consumedAtMs: undefined, expiresAtMs: AT_MS, ...more };
}

describe.each(['sqlite', 'postgres'] as const)('OAuth entities on %s', (dialect) => {
  let folder: ReturnType<typeof lockDataFolder>;
  let storage: Storage | undefined;
  let store: OAuthStore;
  const path = mkdtempSync(join(tmpdir(), 'metamcp-oauth-storage-'));

  beforeAll(async () => {
    if (dialect === 'postgres' && postgres === undefined) return;
    folder = lockDataFolder(path);
    const databaseUrl = dialect === 'postgres' ? await postgres?.createDatabase() : undefined;
    storage = await openStorage({ folder, databaseUrl, clock: systemClock, keyCheck: 'check', report: () => undefined });
    store = createOAuthStore(storage.db);
  });

  afterAll(async () => {
    await storage?.close();
    folder?.release();
    rmSync(path, { recursive: true, force: true });
  });

  test('are found as they were saved, and saved anew', async (context) => {
    if (storage === undefined) return context.skip();
    await store.save(entity('Interaction', 'i1', { grantDigest: undefined }));
    await store.save(entity('Interaction', 'i1', { grantDigest: undefined, payload: { result: { consent: true } }, expiresAtMs: AT_MS + 1 }));
    expect(await store.find('Interaction', 'i1')).toEqual(
      entity('Interaction', 'i1', { grantDigest: undefined, payload: { result: { consent: true } }, expiresAtMs: AT_MS + 1 }),
    );
    await store.remove('Interaction', 'i1');
    expect(await store.find('Interaction', 'i1')).toBeUndefined();
  });

  test('[AS-04] are consumed by one of many at once', async (context) => {
    if (storage === undefined) return context.skip();
    await store.save(entity('AuthorizationCode', 'code'));
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => store.consume('AuthorizationCode', 'code', AT_MS + index)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await store.find('AuthorizationCode', 'code'))?.consumedAtMs).toBeDefined();
    expect(await store.consume('AuthorizationCode', 'none', AT_MS)).toBe(false);
  });

  test('[AS-08] end with their grant, and an access token is worth nothing without one', async (context) => {
    if (storage === undefined) return context.skip();
    await store.save(entity('Grant', 'g1', { grantDigest: undefined }));
    await store.save(entity('AccessToken', 'a1'));
    await store.save(entity('RefreshToken', 'r1'));
    await store.save(entity('AccessToken', 'a2', { grantDigest: 'g2' }));
    expect((await store.findLiveToken('a1'))?.digest).toBe('a1');
    expect(await store.findLiveToken('a2')).toBeUndefined();
    expect((await store.listGrants('u1')).map(({ digest }) => digest)).toEqual(['g1']);
    await store.removeFamily('g1');
    expect([await store.findLiveToken('a1'), await store.find('RefreshToken', 'r1'), await store.find('Grant', 'g1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await store.find('AccessToken', 'a2')).toBeDefined();
  });

  test('[AS-11] are swept when they have ended, clients too; a client that is used stays', async (context) => {
    if (storage === undefined) return context.skip();
    await store.save(entity('AccessToken', 'old', { expiresAtMs: AT_MS - 1 }));
    for (const id of ['unused', 'used']) await store.saveClient({ id, metadata: { client_name: id }, createdAtMs: AT_MS - 10, expiresAtMs: AT_MS - 1 });
    await store.keepClient('used', AT_MS + 1);
    await store.sweep(AT_MS);
    expect(await store.find('AccessToken', 'old')).toBeUndefined();
    expect(await store.findClient('unused')).toBeUndefined();
    expect(await store.findClient('used')).toEqual({ id: 'used', metadata: { client_name: 'used' }, createdAtMs: AT_MS - 10, expiresAtMs: AT_MS + 1 });
    expect(await store.countClients()).toBe(1);
  });
});
