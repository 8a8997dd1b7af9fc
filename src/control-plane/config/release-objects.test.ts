import { afterEach, expect, test } from 'vitest';
import { startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';

let admin: TestAdmin;
afterEach(() => admin.close());

const apply = (text: string, source: string) => admin.ask('POST', '/api/v1/config/apply', { body: { text, source } });
const release = (source: string, names?: string[]) => admin.ask('POST', '/api/v1/config/release', { body: { source, ...(names && { names }) } });

test('what a file owned can be changed by hand once it is released, and stays when the file leaves it out', async () => {
  admin = await startAdmin();
  await apply('settings: { formSignUp: true }\nservers: { a: { url: "https://a.example/" }, b: { url: "https://b.example/" } }', 'old.yaml');
  expect((await admin.ask('PATCH', '/api/v1/servers/a', { body: { config: { description: 'x' } } })).body).toMatchObject({ status: 409, reason: 'owned_by_file' });

  expect((await release('old.yaml', ['servers.a'])).body).toEqual({ released: ['servers.a'] });
  expect((await admin.ask('PATCH', '/api/v1/servers/a', { body: { config: { description: 'x' } } })).status).toBe(200);
  expect((await admin.ask('GET', '/api/v1/servers/b')).body['managedBy']).toBe('old.yaml');

  expect((await release('old.yaml')).body).toEqual({ released: ['servers.b', 'settings.old.yaml'] });
  expect(admin.services.settings.now().formSignUp).toBe(true);
  expect((await admin.ask('PATCH', '/api/v1/settings', { body: { settings: { formSignUp: false } } })).status).toBe(200);
  expect((await apply('{"servers":{}}', 'old.yaml')).body['text']).toBe('No changes.');
});

test('a file that owns nothing, and the one that is followed, are refused', async () => {
  admin = await startAdmin({ file: { servers: { a: { url: 'https://a.example/' } } } });
  expect((await release('other.yaml')).status).toBe(404);
  expect((await release('/etc/metamcp.yaml', ['servers.none'])).status).toBe(404);
  expect((await release('/etc/metamcp.yaml')).body).toMatchObject({ status: 409, reason: 'owned_by_file' });
});
