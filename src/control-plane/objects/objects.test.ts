import { afterEach, describe, expect, test } from 'vitest';
import { type AdminOptions, startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import type { Permission } from '../../contract/operation.ts';

const running: TestAdmin[] = [];
const CANARY = 'canary-5f1c';

async function start(options?: AdminOptions): Promise<TestAdmin> {
  const admin = await startAdmin(options);
  running.push(admin);
  return admin;
}

afterEach(async () => {
  for (const admin of running.splice(0)) await admin.close();
});

const search = { url: 'https://search.example/mcp', headers: { Authorization: `Bearer ${CANARY}`, 'X-Ref': 'Bearer ${TOKEN}' }, tags: ['web'] };

describe('an object', () => {
  test('is made, shown, changed and deleted, each time published before it is answered', async () => {
    const admin = await start();
    const made = await admin.ask('POST', '/api/v1/servers', { body: { name: 'search', config: search } });
    expect([made.status, made.headers.get('etag'), made.body['status'], made.body['type']]).toEqual([201, '"1"', 'connecting', 'http']);
    expect(admin.services.snapshot().servers.get('search')?.url).toBe('https://search.example/mcp');

    await admin.ask('POST', '/api/v1/namespaces', { body: { name: 'web', config: { servers: ['search'] } } });
    await admin.ask('POST', '/api/v1/endpoints', { body: { name: 'web', config: { namespace: 'web' } } });
    expect(admin.services.snapshot().endpoints.get('web')?.namespace.members).toEqual([{ server: 'search', as: 'search' }]);

    const patched = await admin.ask('PATCH', '/api/v1/servers/search', { body: { config: { tags: null, description: 'finds' } } });
    expect([patched.status, patched.headers.get('etag'), patched.body['description'], patched.body['tags']]).toEqual([200, '"2"', 'finds', []]);
    expect(admin.services.snapshot().servers.get('search')?.headers['Authorization']).toBe(`Bearer ${CANARY}`);

    expect((await admin.ask('DELETE', '/api/v1/endpoints/web')).body).toEqual({ deleted: ['endpoints.web'], changed: [] });
    expect((await admin.ask('GET', '/api/v1/endpoints/web')).status).toBe(404);
    expect(admin.services.snapshot().endpoints.has('web')).toBe(false);
  });

  test('that does not compile is refused with path and expectation, and nothing changes', async () => {
    const admin = await start();
    const { generation } = admin.services.snapshot();
    const refused = await admin.ask('POST', '/api/v1/namespaces', { body: { name: 'web', config: { servers: ['fiels'], tool: {} } } });
    expect([refused.status, refused.body['code']]).toEqual([400, 'config.invalid']);
    expect(refused.body['errors']).toEqual([
      { path: 'namespaces.web.tool', expected: expect.any(String), message: 'unknown key; the nearest known name is "tools"' },
      { path: 'namespaces.web.servers.0', expected: 'the name of a server; the nearest known name is "files"', message: expect.any(String) },
    ]);
    expect((await admin.ask('POST', '/api/v1/endpoints', { body: { name: '__proto__', config: { namespace: 'dev' } } })).status).toBe(400);
    expect(admin.services.snapshot().generation).toBe(generation);
    expect((await admin.ask('GET', '/api/v1/namespaces/web')).status).toBe(404);
  });

  test('is changed only in the version that If-Match names', async () => {
    const admin = await start();
    const stale = await admin.ask('PUT', '/api/v1/endpoints/dev', { body: { config: { namespace: 'dev' } }, headers: { 'if-match': '"7"' } });
    expect([stale.status, stale.body['code']]).toEqual([412, 'request.precondition_failed']);
    const fresh = await admin.ask('PUT', '/api/v1/endpoints/dev', { body: { config: { namespace: 'dev', auth: { query: true } } }, headers: { 'if-match': '"0", "1"' } });
    expect([fresh.status, fresh.headers.get('etag'), fresh.body['auth']]).toEqual([200, '"2"', { apiKey: true, oauth: false, query: true }]);
  });

  test('is made once, however often the request with its Idempotency-Key arrives', async () => {
    const admin = await start();
    const request = { body: { name: 'search', config: search }, headers: { 'idempotency-key': 'k1' } };
    const first = await admin.ask('POST', '/api/v1/servers', request);
    const again = await admin.ask('POST', '/api/v1/servers', request);
    expect([again.status, again.body]).toEqual([201, first.body]);
    const other = await admin.ask('POST', '/api/v1/servers', { ...request, body: { ...request.body, name: 'other' } });
    expect([other.status, other.body['reason']]).toEqual([409, 'idempotency_key_reused']);
    const without = await admin.ask('POST', '/api/v1/servers', { body: request.body });
    expect([without.status, without.body['reason']]).toEqual([409, 'name_taken']);
  });

  test('in use is not deleted but by force, and the refusal says by what', async () => {
    const admin = await start();
    await admin.ask('POST', '/api/v1/keys', { body: { name: 'laptop', endpoints: ['dev'] } });
    const refused = await admin.ask('DELETE', '/api/v1/namespaces/dev');
    expect([refused.status, refused.body['reason'], refused.body['errors']]).toEqual([409, 'in_use', [{ path: 'endpoints.dev', expected: 'no use of namespaces.dev', message: 'uses namespaces.dev' }]]);

    await admin.ask('PATCH', '/api/v1/namespaces/dev', { body: { config: { tools: { files__read: { enabled: false } } } } });
    expect((await admin.ask('DELETE', '/api/v1/servers/files?force=true')).body).toEqual({ deleted: ['servers.files'], changed: ['namespaces.dev'] });
    expect((await admin.ask('GET', '/api/v1/namespaces/dev')).body['config']).toEqual({ servers: [], tools: {} });
    expect((await admin.ask('DELETE', '/api/v1/namespaces/dev?force=true')).body).toEqual({ deleted: ['keys.laptop', 'endpoints.dev', 'namespaces.dev'], changed: [] });
    expect(admin.services.snapshot().endpoints.size).toBe(0);
  });

  test('of a configuration file is changed nowhere else, and the refusal names the file', async () => {
    const admin = await start({ file: { servers: { owned: { url: 'https://a.example/' } } } });
    for (const [method, body] of [
      ['PATCH', { config: { description: 'x' } }],
      ['PUT', { config: { url: 'https://b.example/' } }],
      ['DELETE', undefined],
    ] as const) {
      const refused = await admin.ask(method, '/api/v1/servers/owned', { body });
      expect([refused.status, refused.body['reason'], refused.body['title']]).toEqual([409, 'owned_by_file', expect.stringContaining('/etc/metamcp.yaml')]);
    }
  });
});

test('lists are filtered, sorted and paged', async () => {
  const admin = await start();
  for (const name of ['b', 'a', 'c']) {
    await admin.ask('POST', '/api/v1/servers', { body: { name, config: { url: `https://${name}.example/`, tags: name === 'c' ? [] : ['web'], capabilities: ['search'], description: `Server ${name}` } } });
  }
  const names = async (query: string): Promise<unknown> => ((await admin.ask('GET', `/api/v1/servers?${query}`)).body['items'] as { name: string }[]).map(({ name }) => name);
  expect(await names('')).toEqual(['files', 'b', 'a', 'c']);
  expect(await names('tag=web&sort=-name')).toEqual(['b', 'a']);
  expect(await names('capability=search&q=SERVER%20C')).toEqual(['c']);
  expect(await names('type=stdio')).toEqual(['files']);
  expect(await names('status=ready&owner=public')).toEqual(['files']);

  const first = await admin.ask('GET', '/api/v1/servers?sort=name&limit=3');
  const second = await admin.ask('GET', `/api/v1/servers?sort=name&limit=3&cursor=${String(first.body['nextCursor'])}`);
  expect([first, second].map(({ body }) => (body['items'] as { name: string }[]).map(({ name }) => name))).toEqual([['a', 'b', 'c'], ['files']]);
  expect(second.body['nextCursor']).toBeNull();
  expect((await admin.ask('GET', '/api/v1/servers?cursor=nonsense')).status).toBe(400);
});

test('many tools are turned off and on at once, a namespace is cloned, an endpoint switched', async () => {
  const admin = await start();
  const off = await admin.ask('POST', '/api/v1/namespaces/dev/primitives', { body: { kind: 'tools', names: ['files__read', 'files__write'], enabled: false } });
  expect(off.body['config']).toEqual({ servers: ['files'], tools: { files__read: { enabled: false }, files__write: { enabled: false } } });
  const clone = await admin.ask('POST', '/api/v1/namespaces/dev/clone', { body: { name: 'copy' } });
  expect([clone.status, clone.body['config']]).toEqual([201, off.body['config']]);
  const on = await admin.ask('POST', '/api/v1/namespaces/dev/primitives', { body: { kind: 'tools', names: ['files__read', 'files__write'], enabled: true } });
  expect(on.body['config']).toEqual({ servers: ['files'], tools: {} });
  const switched = await admin.ask('POST', '/api/v1/endpoints/dev/switch', { body: { namespace: 'copy' } });
  expect([switched.status, switched.body['namespace']]).toEqual([200, 'copy']);
  expect(admin.services.snapshot().endpoints.get('dev')?.namespace.name).toBe('copy');
});

describe('a secret', () => {
  test('is masked in every answer, and its mask keeps it', async () => {
    const admin = await start();
    await admin.ask('POST', '/api/v1/servers', { body: { name: 'search', config: search } });
    const shown = (await admin.ask('GET', '/api/v1/servers/search')).body['config'];
    expect(shown).toEqual({ ...search, headers: { Authorization: '…', 'X-Ref': 'Bearer ${TOKEN}' } });
    await admin.ask('PUT', '/api/v1/servers/search', { body: { config: { ...(shown as object), description: 'same' } } });
    expect(admin.services.snapshot().servers.get('search')?.headers['Authorization']).toBe(`Bearer ${CANARY}`);
  });

  test('does not go along to another address', async () => {
    const admin = await start();
    await admin.ask('POST', '/api/v1/servers', { body: { name: 'search', config: search } });
    const moved = await admin.ask('PATCH', '/api/v1/servers/search', { body: { config: { url: 'https://evil.example/', headers: { Authorization: '…' } } } });
    expect([moved.status, (moved.body['errors'] as { path: string }[]).map(({ path }) => path)]).toEqual([400, ['servers.search.headers.Authorization']]);
  });

  test('is in no answer, record, audit event or column of the database', async () => {
    const admin = await start();
    const seen: string[] = [];
    const ask = async (method: string, path: string, body?: unknown): Promise<void> => void seen.push((await admin.ask(method, path, body === undefined ? {} : { body })).text);
    const config = { ...search, bearerToken: undefined, url: `https://user:${CANARY}@search.example/mcp?token=${CANARY}` };
    await ask('POST', '/api/v1/servers', { name: 'search', config });
    await ask('POST', '/api/v1/servers', { name: 'proc', config: { command: 'x', args: ['--api-key', CANARY, `--token=${CANARY}`], env: { KEY: CANARY } } });
    await ask('PATCH', '/api/v1/servers/search', { config: { headers: { Other: CANARY } } });
    await ask('POST', '/api/v1/config/apply', { text: JSON.stringify({ servers: { applied: { url: 'https://a.example', bearerToken: CANARY } }, keys: { ci: { value: `sk_mt_${'aB3'.repeat(21)}z` } } }) });
    for (const path of ['servers', 'servers/search', 'servers/proc', 'config', 'config/versions/1/diff/5', 'audit', 'logs?level=debug']) await ask('GET', `/api/v1/${path}`);
    for (const format of ['yaml', 'json', 'mcpServers', 'vscode', 'portable']) await ask('GET', `/api/v1/config/export?format=${format}`);
    await ask('POST', '/api/v1/config/rollback', { number: 1 });
    const everything = seen.join('\n') + JSON.stringify(admin.records);
    const { db } = admin.services.storage;
    const rows = JSON.stringify([await db.selectFrom('object').selectAll().execute(), await db.selectFrom('config_version').selectAll().execute(), await db.selectFrom('audit_event').selectAll().execute(), await db.selectFrom('idempotency').selectAll().execute()]);
    expect(seen.filter((text) => text.includes('gateway.bug'))).toEqual([]);
    for (const secret of [CANARY, 'aB3aB3']) {
      expect(everything).not.toContain(secret);
      expect(rows).not.toContain(secret);
    }
  });
});

describe('two owners', () => {
  const member: Permission[] = ['server:read', 'server:write', 'server:operate', 'server:call', 'namespace:read', 'namespace:write', 'endpoint:read', 'endpoint:write', 'key:read', 'key:create', 'key:revoke', 'session:read', 'session:end'];
  const asUsers: AdminOptions = {
    authenticators: [
      async (headers) => {
        const name = headers.get('authorization')?.replace('Bearer ', '') ?? 'nobody';
        return { principal: { kind: 'user', id: `user:${name}`, credentialId: name, name }, permissions: new Set(member) };
      },
    ],
    sessions: { list: () => [{ id: 's1', endpoint: 'ann', principal: { kind: 'user', id: 'user:ann', name: 'ann' }, revision: '2025-11-25', client: undefined, openedMs: 1, lastUsedMs: 1, inFlight: 0 }], end: () => true },
  };

  test('cannot use what is private to the other, nor learn its name, nor change what is public, nor start a process', async () => {
    const admin = await start(asUsers);
    await admin.ask('POST', '/api/v1/servers', { credential: 'Bearer ann', body: { name: 'annas-notes', config: { url: 'https://ann.example/', headers: { X: '${DATABASE_URL}' } } } });
    expect(admin.services.snapshot().servers.get('annas-notes')?.owner).toBe('user:ann');
    const bob = { credential: 'Bearer bob' };
    const borrowed = await admin.ask('POST', '/api/v1/namespaces', { ...bob, body: { name: 'x', config: { servers: ['annas-note'] } } });
    expect([borrowed.status, borrowed.text.includes('annas-notes')]).toEqual([400, false]);
    const named = await admin.ask('POST', '/api/v1/namespaces', { ...bob, body: { name: 'x', config: { servers: ['annas-notes'] } } });
    expect([named.status, named.body['code']]).toEqual([400, 'config.invalid']);
    expect((await admin.ask('PATCH', '/api/v1/servers/files', { ...bob, body: { config: { description: 'x' } } })).status).toBe(403);
    expect((await admin.ask('POST', '/api/v1/servers', { ...bob, body: { name: 'p', config: { command: 'sh' } } })).status).toBe(403);
    expect((await admin.ask('POST', '/api/v1/servers', { ...bob, body: { name: 'p', visibility: 'public', config: { url: 'https://b.example/' } } })).status).toBe(403);
  });

  test('have keys for all endpoints that open the public ones and their own', async () => {
    const admin = await start(asUsers);
    const ann = { credential: 'Bearer ann' };
    await admin.ask('POST', '/api/v1/namespaces', { ...ann, body: { name: 'ann', config: { servers: ['files'] } } });
    await admin.ask('POST', '/api/v1/endpoints', { ...ann, body: { name: 'ann', config: { namespace: 'ann' } } });
    for (const name of ['ann', 'bob']) await admin.ask('POST', '/api/v1/keys', { credential: `Bearer ${name}`, body: { name } });
    const reach = Object.fromEntries([...admin.services.snapshot().keys.values()].map(({ name, endpoints }) => [name, endpoints]));
    expect(reach).toEqual({ starter: ['dev'], ann: ['*'], bob: ['dev'] });
  });
});
