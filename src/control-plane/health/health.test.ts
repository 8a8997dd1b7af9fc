import { afterEach, beforeEach, expect, test } from 'vitest';
import { READY_SERVER, startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';

let admin: TestAdmin;

beforeEach(async () => {
  admin = await startAdmin();
});

afterEach(async () => {
  await admin.close();
});

test('anyone may ask whether the process is alive, also with a query against caches', async () => {
  expect(await admin.ask('GET', '/health?t=1', { credential: null })).toMatchObject({ status: 200, body: { status: 'ok' } });
});

test.each([
  ['ready', 200, 'ready', 'ok'],
  ['degraded', 200, 'ready', 'ok'],
  ['connecting', 503, 'not_ready', 'connecting'],
  ['failed', 503, 'not_ready', 'failed'],
  ['stopped', 503, 'not_ready', 'failed'],
] as const)('[AZ-19] a required server that is %s makes it %i', async (status, code, word, servers) => {
  admin.states.now = [
    { ...READY_SERVER, status },
    { ...READY_SERVER, name: 'optional', status: 'failed' },
  ];
  const answer = await admin.ask('GET', '/ready', { credential: null });
  expect([answer.status, answer.body]).toEqual([code, { status: word, store: 'ok', servers, load: 'ok' }]);
  expect(answer.text).not.toContain('files');
});

test('a store that does not answer makes it not ready, and the process stays alive', async () => {
  await admin.services.storage.db.destroy();
  const answer = await admin.ask('GET', '/ready', { credential: null });
  expect([answer.status, answer.body['store']]).toEqual([503, 'failed']);
  expect((await admin.ask('GET', '/health', { credential: null })).status).toBe(200);
});

test('[AZ-19] a store that says nothing makes it not ready within the time that balancers wait', async () => {
  Object.assign(admin.services.storage, { ping: () => new Promise<void>(() => undefined) });
  const startedMs = performance.now();
  const answer = await admin.ask('GET', '/ready', { credential: null });
  expect([answer.status, answer.body['store']]).toEqual([503, 'failed']);
  expect(performance.now() - startedMs).toBeLessThan(4_000);
});
