import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import { digestOf, hasKeyChecksum } from '../../auth/keys.ts';
import { listAuditEvents } from '../../storage/audit-events.ts';
import { openStarterKey } from './starter-key.ts';

const fileKeyValue = `sk_mt_${'aB3'.repeat(21)}z`;
let admin: TestAdmin;

beforeEach(async () => {
  admin = await startAdmin({ file: { keys: { ci: { value: fileKeyValue, endpoints: ['dev'] } } } });
});

afterEach(async () => {
  await admin.close();
});

function recognized(value: unknown): string | undefined {
  return admin.services.snapshot().keys.get(digestOf(admin.services.instanceKey.pepper, String(value)))?.name;
}

async function actions(): Promise<string[]> {
  const events = await listAuditEvents(admin.services.storage.db, { afterSeq: 0, limit: 100 });
  return events.filter((event) => event.subject !== 'config').map((event) => `${event.principal} ${event.action} ${event.outcome}`);
}

test('a key opens from the answer that makes it to the answer that revokes it', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const made = await admin.ask('POST', '/api/v1/keys', { body: { name: 'laptop', endpoints: ['dev'], expiresAt } });
  expect(made.status).toBe(201);
  expect(made.body).toEqual({
    id: expect.stringMatching(/^key_[0-9a-f]{32}$/),
    name: 'laptop',
    endpoints: ['dev'],
    namespaces: null,
    tools: null,
    formerUntil: null,
    source: 'created',
    owner: null,
    createdAt: expect.any(String),
    expiresAt,
    lastUsedAt: null,
    revokedAt: null,
    value: expect.stringMatching(/^sk_mt_[A-Za-z0-9]{64}$/),
  });
  expect(hasKeyChecksum(String(made.body['value']))).toBe(true);
  expect(recognized(made.body['value'])).toBe('laptop');

  const revoked = await admin.ask('DELETE', `/api/v1/keys/${String(made.body['id'])}`);
  expect([revoked.status, revoked.body['revokedAt']]).toEqual([200, expect.any(String)]);
  expect(recognized(made.body['value'])).toBeUndefined();
  expect(await actions()).toEqual(['gateway createStarterKey done', 'operator createKey done', 'operator revokeKey done']);
});

test('the list has every key and its source, and no value', async () => {
  await admin.ask('POST', '/api/v1/keys', { body: { name: 'laptop' } });
  const { body, text } = await admin.ask('GET', '/api/v1/keys');
  expect((body['items'] as { name: string; source: string; endpoints: string[] }[]).map(({ name, source, endpoints }) => [name, source, endpoints])).toEqual([
    ['starter', 'starter', ['*']],
    ['laptop', 'created', ['*']],
    ['ci', 'file', ['dev']],
  ]);
  expect(text).not.toContain('sk_mt_');
});

test('[KS-02] a rotated key has a new value and the same id; the old value opens for the overlap only', async () => {
  const made = await admin.ask('POST', '/api/v1/keys', { body: { name: 'laptop', namespaces: ['dev'], tools: ['files__*'] } });
  expect(made.body).toMatchObject({ namespaces: ['dev'], tools: ['files__*'] });
  const before = Date.now();
  const rotated = await admin.ask('POST', `/api/v1/keys/${String(made.body['id'])}/rotate`, { body: { overlapSeconds: 600 } });
  expect([rotated.status, rotated.body['id'], rotated.body['value'] === made.body['value']]).toEqual([200, made.body['id'], false]);
  expect(Date.parse(String(rotated.body['formerUntil']))).toBeGreaterThanOrEqual(before + 600_000);
  expect([recognized(made.body['value']), recognized(rotated.body['value'])]).toEqual(['laptop', 'laptop']);
  const specs = [made, rotated].map(({ body }) => admin.services.snapshot().keys.get(digestOf(admin.services.instanceKey.pepper, String(body['value']))));
  expect(specs).toMatchObject([{ id: made.body['id'], tools: ['files__*'], expiresAtMs: Date.parse(String(rotated.body['formerUntil'])) }, { id: made.body['id'], tools: ['files__*'], expiresAtMs: undefined }]);

  const again = await admin.ask('POST', `/api/v1/keys/${String(made.body['id'])}/rotate`, { body: { overlapSeconds: 0 } });
  expect([recognized(made.body['value']), recognized(rotated.body['value']), recognized(again.body['value'])]).toEqual([undefined, undefined, 'laptop']);
  await admin.ask('DELETE', `/api/v1/keys/${String(made.body['id'])}`);
  expect(recognized(again.body['value'])).toBeUndefined();
  expect((await admin.ask('POST', `/api/v1/keys/${String(made.body['id'])}/rotate`, { body: {} })).status).toBe(409);
  expect((await admin.ask('POST', '/api/v1/keys/key_ci/rotate', { body: {} })).body['reason']).toBe('owned_by_file');
});

test('[KS-06] the pepper of keys is replaced while every key goes on working, also the value before a rotation and that of a file', async () => {
  const { storage, instanceKey, publish } = admin.services;
  const made = await admin.ask('POST', '/api/v1/keys', { body: { name: 'laptop' } });
  const rotated = await admin.ask('POST', `/api/v1/keys/${String(made.body['id'])}/rotate`, { body: { overlapSeconds: 600 } });
  const values = [made.body['value'], rotated.body['value'], admin.starter?.value, fileKeyValue];
  const names = ['laptop', 'laptop', 'starter', 'ci'];
  const digests = async (): Promise<(string | null)[]> => (await storage.db.selectFrom('key').select(['digest', 'former_digest']).execute()).flatMap((row) => [row.digest, row.former_digest]).filter((digest) => digest !== null);
  const before = await digests();
  expect(before).toContain(digestOf(instanceKey.pepper, String(rotated.body['value'])));

  const isOver = { yes: false };
  const missed: unknown[] = [];
  const looking = (async () => {
    while (!isOver.yes) {
      missed.push(...names.filter((name, index) => recognized(values[index]) !== name));
      await setImmediate();
    }
  })();
  expect((await admin.ask('POST', '/api/v1/secrets/rotate')).body).toMatchObject({ keys: 2 });
  const between = await admin.ask('POST', '/api/v1/keys', { body: { name: 'between' } });
  expect((await admin.ask('POST', '/api/v1/secrets/rotate')).body).toMatchObject({ keys: 3 });
  isOver.yes = true;
  await looking;

  expect(missed).toEqual([]);
  expect((await digests()).filter((digest) => before.includes(digest))).toEqual([]);
  // As any later start reads it.
  await publish();
  expect([...values, between.body['value']].map(recognized)).toEqual([...names, 'between']);
  expect(recognized(`sk_mt_${'x'.repeat(64)}`)).toBeUndefined();
  await admin.ask('DELETE', `/api/v1/keys/${String(made.body['id'])}`);
  expect([recognized(made.body['value']), recognized(rotated.body['value'])]).toEqual([undefined, undefined]);
});

test('the starter key stays shown at each start after it was rotated', async () => {
  const id = admin.starter?.id ?? '';
  const rotated = await admin.ask('POST', `/api/v1/keys/${id}/rotate`, { body: {} });
  expect(await openStarterKey(admin.services)).toEqual({ id, value: rotated.body['value'] });
});

test('a refused key leaves neither row nor audit event nor snapshot', async () => {
  const { generation } = admin.services.snapshot();
  const past = { name: 'late', expiresAt: '2001-01-01T00:00:00Z' };
  for (const [body, status, path] of [
    [{ name: 'starter' }, 409, undefined],
    [{ name: 'ci' }, 409, undefined],
    [past, 400, 'body.expiresAt'],
    [{ name: 'typo', endpoints: ['*', 'dve'] }, 400, 'body.endpoints[1]'],
    [{ name: 'typo', namespaces: ['dve'] }, 400, 'body.namespaces[0]'],
  ] as const) {
    const answer = await admin.ask('POST', '/api/v1/keys', { body });
    expect(answer.status).toBe(status);
    expect((answer.body['errors'] as { path: string }[] | undefined)?.[0]?.path).toBe(path);
  }
  expect(await actions()).toEqual(['gateway createStarterKey done']);
  expect(admin.services.snapshot().generation).toBe(generation);
});

test('a key that is not there is 404, and one of the configuration file belongs to the file', async () => {
  expect((await admin.ask('DELETE', '/api/v1/keys/key_0')).status).toBe(404);
  const ofFile = await admin.ask('DELETE', '/api/v1/keys/key_ci');
  expect([ofFile.status, ofFile.body['reason']]).toEqual([409, 'owned_by_file']);
  expect(ofFile.body['title']).toContain('/etc/metamcp.yaml');
});

test('revoking twice is the same as once', async () => {
  const id = admin.starter?.id ?? '';
  const first = await admin.ask('DELETE', `/api/v1/keys/${id}`);
  const second = await admin.ask('DELETE', `/api/v1/keys/${id}`);
  expect(second.status).toBe(200);
  expect(second.body).toEqual(first.body);
});

test('every start shows the same starter key until it is revoked, then none', async () => {
  expect(recognized(admin.starter?.value)).toBe('starter');
  expect(await openStarterKey(admin.services)).toEqual(admin.starter);

  await admin.ask('DELETE', `/api/v1/keys/${admin.starter?.id ?? ''}`);

  expect(recognized(admin.starter?.value)).toBeUndefined();
  expect(await openStarterKey(admin.services)).toBeUndefined();
});

test('a starter key that is sealed with another instance key is refused, not replaced', async () => {
  const instanceKey = { ...admin.services.instanceKey, sealing: Buffer.alloc(32, 9) };
  await expect(openStarterKey({ ...admin.services, instanceKey })).rejects.toMatchObject({ code: 'storage.secret_unreadable' });
});
