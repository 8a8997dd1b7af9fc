import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/ids.ts';
import type { Grant } from '../../model/grant.ts';
import type { ServerSpec } from '../../model/server.ts';
import { startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import { Envelope } from '../../storage/data-keys.ts';
import { findGrant, upsertGrant } from '../../storage/grants.ts';
import { openSecrets } from '../../storage/secrets.ts';
import { transact } from '../../storage/transaction.ts';
import { createServerValues } from './server-values.ts';

const CANARY = 'canary-5f1c9c1f0a7e4a4f';
const GRANT: Grant = {
  id: 'grant_0198a1b2c3d4e5f60718293a4b5c6d7e',
  server: 'files',
  principal: 'key:a',
  issuer: 'https://as.example',
  resource: 'https://files.example/mcp',
  scope: 'read',
  accessToken: `${CANARY}-access`,
  refreshToken: `${CANARY}-refresh`,
  expiresAtMs: undefined,
  client: { clientId: 'us', clientSecret: `${CANARY}-client`, authMethod: undefined },
  createdAtMs: 1,
  updatedAtMs: 1,
};

let admin: TestAdmin;
beforeEach(async () => {
  admin = await startAdmin();
});
afterEach(async () => {
  await admin.close();
});

function specWith(headers: Readonly<Record<string, string>>, owner?: string): ServerSpec {
  return { name: 'files', headers, owner } as unknown as ServerSpec;
}

test('[KS-03] a secret goes in and never comes out of an answer; it opens only as what it is, and after a rotation as before', async () => {
  const { storage, instanceKey } = admin.services;
  const envelope = new Envelope({ wrapping: instanceKey.wrapping, random: systemRandom, clock: systemClock });
  const set = await admin.ask('PUT', '/api/v1/secrets/API_TOKEN', { body: { value: CANARY } });
  expect(set.status).toBe(200);
  await admin.ask('PUT', '/api/v1/secrets/OTHER', { body: { value: 'something else' } });
  await transact(storage.db, (tx) => upsertGrant(tx, envelope, GRANT));
  const before = await storage.db.selectFrom('secret').selectAll().orderBy('name').execute();

  const rotated = await admin.ask('POST', '/api/v1/secrets/rotate');
  expect(rotated.body).toMatchObject({ secrets: 2, grants: 1 });
  const after = await storage.db.selectFrom('secret').selectAll().orderBy('name').execute();
  expect(after.map((row) => row.data_key)).not.toContain(before[0]?.data_key);
  expect(new Set(after.map((row) => row.data_key)).size).toBe(1);
  expect(await openSecrets(storage.db, envelope, ['API_TOKEN'])).toEqual(new Map([['API_TOKEN', CANARY]]));
  expect(await findGrant(storage.db, envelope, GRANT)).toEqual(GRANT);

  const [apiToken, other] = after;
  await storage.db
    .updateTable('secret')
    .set({ sealed: apiToken?.sealed ?? '' })
    .where('name', '=', other?.name ?? '')
    .execute();
  await expect(openSecrets(storage.db, envelope, ['OTHER'])).rejects.toMatchObject({ code: 'storage.secret_unreadable' });

  const listed = await admin.ask('GET', '/api/v1/secrets');
  const grants = await admin.ask('GET', '/api/v1/grants');
  const audit = await storage.db.selectFrom('audit_event').selectAll().execute();
  expect(grants.body).toMatchObject({ items: [{ id: GRANT.id, principal: 'key:a', scopes: ['read'] }] });
  expect(JSON.stringify([set.body, listed.body, grants.body, rotated.body, audit, after])).not.toContain(CANARY);
  expect(audit.map((event) => event.action)).toEqual(expect.arrayContaining(['setSecret', 'rotateSecrets']));
});

test('[KS-05] what a user owns reads neither secrets nor the environment; a secret that is missing is a fault of its server', async () => {
  const { storage, envelope } = admin.services;
  await admin.ask('PUT', '/api/v1/secrets/API_TOKEN', { body: { value: CANARY } });
  const shown: string[] = [];
  const valuesOf = createServerValues({ storage, envelope, environment: () => ({ DATABASE_URL: 'postgres://x' }), protect: (secret) => shown.push(secret) });
  const text = 'Bearer ${secret:API_TOKEN} ${DATABASE_URL}';
  expect((await valuesOf(specWith({ a: text })))(text)).toBe(`Bearer ${CANARY} postgres://x`);
  expect(shown).toEqual([CANARY]);
  expect((await valuesOf(specWith({ a: text }, 'user_1')))(text)).toBe(text);
  const missing = await valuesOf(specWith({ a: '${secret:NOT_THERE}' }));
  expect(() => missing('${secret:NOT_THERE}')).toThrow(expect.objectContaining({ code: 'config.value_missing', server: 'files' }));
});

test('a secret that is deleted is gone, and deleting it twice says so', async () => {
  await admin.ask('PUT', '/api/v1/secrets/API_TOKEN', { body: { value: CANARY } });
  expect((await admin.ask('DELETE', '/api/v1/secrets/API_TOKEN')).status).toBe(200);
  expect((await admin.ask('DELETE', '/api/v1/secrets/API_TOKEN')).status).toBe(404);
});
