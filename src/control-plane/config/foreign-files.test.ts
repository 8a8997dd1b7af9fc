/** Files that came from elsewhere, and exports that go there: neither carries what is another's. */
import { afterEach, describe, expect, test } from 'vitest';
import { startAdmin } from '../../../test/support/start-admin.ts';
import { startPeople } from '../../../test/support/start-people.ts';
import { OPERATOR } from '../../auth/operator-token.ts';
import { PERMISSIONS } from '../../contract/operation.ts';
import { EXPORT_FORMATS } from '../../contract/config.ts';

const PRIVATE = 'anns-own';
const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const admin of running.splice(0)) await admin.close();
});

async function withPrivateServer() {
  const people = await startPeople();
  running.push(people);
  const ann = await people.join('member', 'ann@example.com');
  const made = await ann.ask('POST', '/api/v1/servers', { body: { name: PRIVATE, config: { url: `https://${PRIVATE}.example/`, bearerToken: 'hers' } } });
  expect([made.status, made.body['owner']]).toEqual([201, ann.userId]);
  return { people, ann };
}

describe('[TN-10] a file that is applied', () => {
  const authenticators = [async () => ({ principal: { ...OPERATOR, id: 'deputy' }, permissions: new Set(PERMISSIONS.filter((permission) => permission !== 'process:define')) })];

  test.each([
    ['a server that it defines', '{"servers":{"x":{"command":"/bin/sh"}}}'],
    ['a server of an MCP client', '{"mcpServers":{"x":{"command":"/bin/sh"}}}'],
    ['a server that is there, made a process', '{"servers":{"files":{"command":"/bin/sh"}}}'],
  ])('starts no process for who may not define one: %s', async (_what, text) => {
    const admin = await startAdmin({ authenticators });
    running.push(admin);
    for (const mode of ['apply', 'import']) {
      const answer = await admin.ask('POST', '/api/v1/config/apply', { body: { text, mode } });
      expect([mode, answer.status, answer.body['code']]).toEqual([mode, 403, 'auth.scope_missing']);
    }
    expect(admin.services.snapshot().servers.get('x')).toBeUndefined();
    expect(admin.services.snapshot().servers.get('files')?.command).toBe('/bin/files');
  });

  test('names no owner, whatever it calls it', async () => {
    const { people, ann } = await withPrivateServer();
    for (const field of ['owner', 'ownerId', 'tenant', 'managedBy']) {
      const text = JSON.stringify({ servers: { planted: { url: 'https://planted.example/', [field]: ann.userId } } });
      const answer = await people.operator.ask('POST', '/api/v1/config/apply', { body: { text } });
      expect([field, answer.status, (answer.body['errors'] as { path: string }[])[0]?.path]).toEqual([field, 400, `servers.planted.${field}`]);
    }
    expect((await ann.ask('GET', '/api/v1/servers/planted')).status).toBe(404);
  });

  test('neither takes nor uses what is private to a user', async () => {
    const { people, ann } = await withPrivateServer();
    const taken = await people.operator.ask('POST', '/api/v1/config/apply', { body: { text: `{"servers":{"${PRIVATE}":{"url":"https://other.example/"}}}` } });
    expect([taken.status, taken.body['code']]).toEqual([409, 'request.conflict']);
    const used = await people.operator.ask('POST', '/api/v1/config/apply', { body: { text: `{"namespaces":{"n":{"servers":["${PRIVATE}"]}}}` } });
    expect([used.status, used.body['code']]).toEqual([400, 'config.invalid']);
    expect((await ann.ask('GET', `/api/v1/servers/${PRIVATE}`)).body).toMatchObject({ owner: ann.userId, config: { url: `https://${PRIVATE}.example/` } });
  });
});

test('[TN-10] no export of the instance has what is private to a user', async () => {
  const { people } = await withPrivateServer();
  for (const format of EXPORT_FORMATS) {
    const answer = await people.operator.ask('GET', `/api/v1/config/export?format=${format}`);
    expect([format, answer.status, answer.text.includes(PRIVATE)]).toEqual([format, 200, false]);
  }
});
