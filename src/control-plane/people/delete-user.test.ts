import { afterEach, expect, test } from 'vitest';
import { startPeople, type TestPeople } from '../../../test/support/start-people.ts';
import type { Grant } from '../../model/grant.ts';
import { userPrincipalId } from '../../model/principal.ts';
import { listGrants, upsertGrant } from '../../storage/grants.ts';
import { listAllOAuthGrants, upsertOAuthEntity } from '../../storage/oauth.ts';
import { transact } from '../../storage/transaction.ts';

const running: TestPeople[] = [];
const withdrawn: Grant[] = [];

async function start(): Promise<TestPeople> {
  const people = await startPeople({ grants: { begin: () => undefined, withdraw: async (grant) => withdrawn.push(grant) > 0 } });
  running.push(people);
  return people;
}

afterEach(async () => {
  withdrawn.length = 0;
  for (const people of running.splice(0)) await people.close();
});

/** A member with a server, a key, a consent and a grant. */
async function joinWithThings(people: TestPeople) {
  const ann = await people.join('member', 'ann@example.com');
  await ann.ask('POST', '/api/v1/servers', { body: { name: 'notes', config: { url: 'https://notes.example/', headers: { authorization: 'Bearer private-token' } } } });
  const key = await ann.ask('POST', '/api/v1/keys', { body: { name: 'laptop' } });
  const { storage, envelope } = people.services;
  await transact(storage.db, async (tx) => {
    await upsertGrant(tx, envelope, { id: `grant_${'1'.repeat(32)}`, server: 'files', principal: userPrincipalId(ann.userId), issuer: 'https://as.example', resource: 'https://files.example/', scope: undefined, accessToken: 'a', refreshToken: undefined, expiresAtMs: undefined, client: { clientId: 'c', clientSecret: undefined, authMethod: undefined }, createdAtMs: 1, updatedAtMs: 1 });
    await upsertOAuthEntity(tx, { model: 'Grant', digest: 'b'.repeat(64), grantDigest: undefined, userId: ann.userId, clientId: 'c', payload: {}, consumedAtMs: undefined, expiresAtMs: Date.now() + 60_000 });
  });
  return { ann, keyId: String(key.body['id']) };
}

test('a user who owns objects stays, until it is said what becomes of them', async () => {
  const people = await start();
  const { ann, keyId } = await joinWithThings(people);
  const path = `/api/v1/users/${ann.userId}`;
  const refused = await people.operator.ask('DELETE', path);
  expect([refused.status, refused.body['reason'], refused.body['errors']]).toEqual([409, 'owns_objects', [expect.objectContaining({ path: 'servers.notes' })]]);
  expect((await ann.ask('GET', '/api/v1/me')).status).toBe(200);
  expect((await people.operator.ask('DELETE', `${path}?objects=transfer&to=nobody`)).status).toBe(400);

  const bob = await people.join('member', 'bob@example.com');
  const gone = await people.operator.ask('DELETE', `${path}?objects=transfer&to=${bob.userId}`);
  expect([gone.status, gone.body]).toEqual([200, { id: ann.userId, objects: ['servers.notes'], keys: [keyId] }]);

  const taken = await bob.ask('GET', '/api/v1/servers/notes');
  expect(taken.body).toMatchObject({ owner: bob.userId, config: { headers: { authorization: '…' } } });
  expect(people.services.snapshot().servers.get('notes')?.owner).toBe(bob.userId);
});

test('with a user its sign-ins, keys, consents and grants are gone at once', async () => {
  const people = await start();
  const { ann, keyId } = await joinWithThings(people);
  expect([...people.services.snapshot().keys.values()].map(({ id }) => id)).toContain(keyId);
  expect((await people.operator.ask('DELETE', `/api/v1/users/${ann.userId}?objects=delete`)).status).toBe(200);

  expect((await ann.ask('GET', '/api/v1/me')).status).toBe(401);
  expect([...people.services.snapshot().keys.values()].map(({ id }) => id)).not.toContain(keyId);
  expect(people.services.snapshot().servers.has('notes')).toBe(false);
  expect(await listGrants(people.services.storage.db)).toEqual([]);
  expect(await listAllOAuthGrants(people.services.storage.db)).toEqual([]);
  expect(withdrawn.map(({ principal }) => principal)).toEqual([userPrincipalId(ann.userId)]);
  expect(people.calls).toContainEqual(['withdrawn', 'b'.repeat(64)]);
  await expect(people.signIn('ann@example.com')).rejects.toThrow('not right');
});

test('nobody deletes itself, the last operator or someone who may do more', async () => {
  const people = await start();
  const me = await people.operator.ask('GET', '/api/v1/me');
  const operatorId = (me.body['user'] as { id: string }).id;
  expect((await people.operator.ask('DELETE', `/api/v1/users/${operatorId}`)).body).toMatchObject({ status: 409, reason: 'self' });
  expect((await people.ask('DELETE', `/api/v1/users/${operatorId}`)).body).toMatchObject({ status: 409, reason: 'last_operator' });
  const admin = await people.join('admin');
  expect((await admin.ask('DELETE', `/api/v1/users/${operatorId}`)).body).toMatchObject({ status: 403, reason: 'operator_only' });
});

test('a user who is shut out loses its consents at once', async () => {
  const people = await start();
  const { ann } = await joinWithThings(people);
  expect((await people.operator.ask('PATCH', `/api/v1/users/${ann.userId}`, { body: { isDisabled: true } })).status).toBe(200);
  expect(await listAllOAuthGrants(people.services.storage.db)).toEqual([]);
  expect(people.calls).toContainEqual(['withdrawn', 'b'.repeat(64)]);
});
