import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AdminOptions, startAdmin, type TestAdmin } from '../../test/support/start-admin.ts';
import { newKeyValue } from '../auth/keys.ts';
import { OPERATOR } from '../auth/operator-token.ts';
import { systemRandom } from '../base/ids.ts';
import { type Operation, PERMISSIONS } from '../contract/operation.ts';
import { ProblemSchema } from '../contract/problem.ts';
import { listAuditEvents } from '../storage/audit-events.ts';
import { bindRead } from './operation.ts';
import { OPERATIONS } from './operations.ts';

const running: TestAdmin[] = [];

async function start(options?: AdminOptions): Promise<TestAdmin> {
  const admin = await startAdmin(options);
  running.push(admin);
  return admin;
}

afterEach(async () => {
  for (const admin of running.splice(0)) await admin.close();
});

/** An address of the operation that exists. */
function addressOf(operation: Operation): string {
  return operation.path.replace('{name}', operation.path.includes('/servers/') ? 'files' : 'dev').replace('{id}', 'key_1').replace('{number}', '1').replace('{other}', '1');
}

describe('[AZ-13] every operation', () => {
  const operations = OPERATIONS.map((bound) => bound.operation);
  const guarded = operations.filter((operation) => operation.access !== 'public');

  test('says who may use it, and no more are public than these', () => {
    for (const { access } of operations) expect(['public', ...PERMISSIONS]).toContain(access);
    expect(Object.fromEntries(operations.map(({ method, path, access }) => [`${method} ${path}`, access]))).toEqual({
      'GET /api/v1/templates': 'server:read',
      'GET /api/v1/servers/{name}/catalog': 'server:read',
      'GET /api/v1/policy-templates': 'policy:read',
      'GET /api/v1/policy-shadow': 'audit:read',
      'POST /api/v1/policies/test': 'policy:read',
      'POST /api/v1/policies/explain': 'policy:read',
      'POST /api/v1/policies/replay': 'audit:read',
      'GET /api/v1/approvals': 'approval:read',
      'GET /api/v1/approvals/{id}': 'approval:read',
      'POST /api/v1/approvals/{id}/approve': 'approval:decide',
      'POST /api/v1/approvals/{id}/deny': 'approval:decide',
      'GET /api/v1/limits': 'limit:read',
      'GET /api/v1/limits/{name}': 'limit:read',
      'POST /api/v1/limits': 'limit:write',
      'PUT /api/v1/limits/{name}': 'limit:write',
      'PATCH /api/v1/limits/{name}': 'limit:write',
      'DELETE /api/v1/limits/{name}': 'limit:write',
      'GET /api/v1/limit-usage': 'limit:read',
      'POST /api/v1/limit-usage/reset': 'limit:write',
      'GET /api/v1/namespaces/{name}/catalog': 'namespace:read',
      'GET /api/v1/endpoints/{name}/context-cost': 'endpoint:read',
      'POST /api/v1/endpoints/{name}/search': 'endpoint:read',
      'POST /api/v1/endpoints/{name}/evaluation': 'endpoint:read',
      'POST /api/v1/endpoints/{name}/route': 'endpoint:read',
      'POST /api/v1/endpoints/{name}/rule-preview': 'endpoint:read',
      'GET /api/v1/namespaces/{name}/group-suggestions': 'namespace:read',
      'POST /api/v1/templates': 'process:define',
      'GET /api/v1/templates/{name}/export': 'server:read',
      'DELETE /api/v1/templates/{name}': 'process:define',
      'GET /api/v1/children': 'session:read',
      'DELETE /api/v1/children/{id}': 'session:end',
      'GET /api/v1/child-events': 'log:read',
      'GET /api/v1/child-events/stream': 'log:read',
      'GET /api/v1/workflows': 'namespace:read',
      'PUT /api/v1/workflows/{name}': 'namespace:write',
      'DELETE /api/v1/workflows/{name}': 'namespace:write',
      'POST /api/v1/workflows/{name}/runs': 'server:call',
      'GET /api/v1/workflow-runs': 'session:read',
      'GET /api/v1/workflow-runs/{id}': 'session:read',
      'POST /api/v1/workflow-runs/{id}/resolve': 'server:call',
      'GET /api/v1/registry': 'server:read',
      'GET /api/v1/replicas': 'settings:read',
      'GET /api/v1/playground': 'playground:use',
      'PUT /api/v1/playground': 'playground:configure',
      'DELETE /api/v1/playground': 'playground:configure',
      'POST /api/v1/playground/completions': 'playground:use',
      'POST /api/v1/servers/{name}/drill': 'server:operate',
      'POST /api/v1/registry/resolve': 'server:read',
      'GET /api/v1/consents': 'self:read',
      'DELETE /api/v1/consents/{id}': 'self:write',
      'GET /api/v1/settings': 'settings:read',
      'PATCH /api/v1/settings': 'settings:write',
      'POST /api/v1/config/release': 'config:write',
      'POST /api/v1/keys/{id}/rotate': 'key:create',
      'DELETE /api/v1/users/{id}': 'user:write',
      'POST /api/v1/inspections': 'inspection:open',
      'GET /api/v1/inspections': 'inspection:open',
      'GET /api/v1/inspections/{id}/messages': 'inspection:open',
      'DELETE /api/v1/inspections/{id}': 'inspection:open',
      'GET /health': 'public',
      'GET /api/v1/secrets': 'secret:read',
      'PUT /api/v1/secrets/{name}': 'secret:write',
      'DELETE /api/v1/secrets/{name}': 'secret:write',
      'POST /api/v1/secrets/rotate': 'secret:rotate',
      'GET /api/v1/grants': 'grant:read',
      'POST /api/v1/grants': 'grant:begin',
      'DELETE /api/v1/grants/{id}': 'grant:withdraw',
      'GET /ready': 'public',
      'GET /api/v1/servers': 'server:read',
      'GET /api/v1/servers/{name}': 'server:read',
      'POST /api/v1/servers': 'server:write',
      'PUT /api/v1/servers/{name}': 'server:write',
      'PATCH /api/v1/servers/{name}': 'server:write',
      'DELETE /api/v1/servers/{name}': 'server:write',
      'POST /api/v1/servers/{name}/restart': 'server:operate',
      'POST /api/v1/servers/{name}/resync': 'server:operate',
      'POST /api/v1/servers/{name}/call': 'server:call',
      'GET /api/v1/middleware': 'namespace:read',
      'POST /api/v1/middleware/try': 'namespace:read',
      'GET /api/v1/definitions': 'definition:read',
      'POST /api/v1/definitions/approve': 'definition:decide',
      'POST /api/v1/definitions/reject': 'definition:decide',
      'GET /api/v1/policies': 'policy:read',
      'GET /api/v1/policies/{name}': 'policy:read',
      'POST /api/v1/policies': 'policy:write',
      'PUT /api/v1/policies/{name}': 'policy:write',
      'PATCH /api/v1/policies/{name}': 'policy:write',
      'DELETE /api/v1/policies/{name}': 'policy:write',
      'GET /api/v1/namespaces': 'namespace:read',
      'GET /api/v1/namespaces/{name}': 'namespace:read',
      'POST /api/v1/namespaces': 'namespace:write',
      'PUT /api/v1/namespaces/{name}': 'namespace:write',
      'PATCH /api/v1/namespaces/{name}': 'namespace:write',
      'DELETE /api/v1/namespaces/{name}': 'namespace:write',
      'POST /api/v1/namespaces/{name}/clone': 'namespace:write',
      'POST /api/v1/namespaces/{name}/primitives': 'namespace:write',
      'GET /api/v1/endpoints': 'endpoint:read',
      'GET /api/v1/endpoints/{name}': 'endpoint:read',
      'POST /api/v1/endpoints': 'endpoint:write',
      'PUT /api/v1/endpoints/{name}': 'endpoint:write',
      'PATCH /api/v1/endpoints/{name}': 'endpoint:write',
      'DELETE /api/v1/endpoints/{name}': 'endpoint:write',
      'POST /api/v1/endpoints/{name}/switch': 'endpoint:write',
      'GET /api/v1/keys': 'key:read',
      'POST /api/v1/keys': 'key:create',
      'DELETE /api/v1/keys/{id}': 'key:revoke',
      'GET /api/v1/sessions': 'session:read',
      'DELETE /api/v1/sessions/{id}': 'session:end',
      'GET /api/v1/config': 'config:read',
      'POST /api/v1/config/plan': 'config:write',
      'POST /api/v1/config/apply': 'config:write',
      'GET /api/v1/config/export': 'config:read',
      'GET /api/v1/config/versions': 'config:read',
      'GET /api/v1/config/versions/{number}/diff/{other}': 'config:read',
      'POST /api/v1/config/rollback': 'config:write',
      'GET /api/v1/logs': 'log:read',
      'GET /api/v1/audit': 'audit:read',
      'GET /api/v1/audit/export': 'audit:read',
      'POST /api/v1/audit/verify': 'audit:read',
      'GET /api/v1/audit/key': 'audit:read',
      'GET /api/v1/traffic': 'traffic:read',
      'GET /api/v1/traffic/live': 'traffic:read',
      'GET /api/v1/traffic/{id}': 'traffic:read',
      'GET /api/v1/stats': 'traffic:read',
      'GET /api/v1/costs': 'traffic:read',
      'GET /api/v1/prices': 'price:read',
      'GET /api/v1/prices/{name}': 'price:read',
      'POST /api/v1/prices': 'price:write',
      'PUT /api/v1/prices/{name}': 'price:write',
      'PATCH /api/v1/prices/{name}': 'price:write',
      'DELETE /api/v1/prices/{name}': 'price:write',
      'GET /api/v1/sign-in': 'public',
      'POST /api/v1/sign-in': 'public',
      'POST /api/v1/sign-up': 'public',
      'POST /api/v1/sign-out': 'self:write',
      'POST /api/v1/links/inspect': 'public',
      'POST /api/v1/links/redeem': 'public',
      'POST /api/v1/password-reset': 'public',
      'POST /api/v1/sign-in/provider': 'public',
      'GET /api/auth/oauth2/callback/{provider}': 'public',
      'GET /api/v1/me': 'self:read',
      'PATCH /api/v1/me': 'self:write',
      'POST /api/v1/me/password': 'self:write',
      'POST /api/v1/me/reauthentication': 'self:write',
      'POST /api/v1/me/provider': 'self:write',
      'GET /api/v1/me/sign-ins': 'self:read',
      'DELETE /api/v1/me/sign-ins/{id}': 'self:write',
      'DELETE /api/v1/me/sign-ins': 'self:write',
      'GET /api/v1/users': 'user:read',
      'PATCH /api/v1/users/{id}': 'user:write',
      'DELETE /api/v1/users/{id}/sign-ins': 'user:write',
      'POST /api/v1/users/{id}/reset-link': 'user:write',
      'GET /api/v1/invitations': 'user:read',
      'POST /api/v1/invitations': 'user:write',
      'DELETE /api/v1/invitations/{id}': 'user:write',
      'GET /api/v1/settings/registration': 'settings:read',
      'PUT /api/v1/settings/registration': 'settings:write',
    });
  });

  test('has an id of its own and an address of its own', () => {
    expect(new Set(operations.map((operation) => operation.id)).size).toBe(operations.length);
    expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(operations.length);
  });

  test('that is not public refuses whoever shows nothing, and says how to go on', async () => {
    const admin = await start();
    for (const operation of guarded) {
      const answer = await admin.ask(operation.method, addressOf(operation), { credential: null });
      expect([operation.id, answer.status]).toEqual([operation.id, 401]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="MetaMCP admin"');
      expect(ProblemSchema.parse(answer.body)).toMatchObject({ code: 'auth.credential_missing', failedAt: 'auth' });
    }
    expect(admin.calls).toEqual([]);
  });

  test('refuses an API key: what opens MCP opens nothing here', async () => {
    const admin = await start();
    for (const operation of guarded.slice(0, 5)) {
      const answer = await admin.ask(operation.method, addressOf(operation), {
        credential: `Bearer ${admin.starter?.value}`,
        headers: { 'x-api-key': admin.starter?.value ?? '' },
      });
      expect([operation.id, answer.status, answer.body['code']]).toEqual([operation.id, 401, 'auth.credential_invalid']);
    }
  });

  test('refuses a field it does not know, and names it without its value', async () => {
    const admin = await start();
    for (const operation of operations.filter((one) => one.body !== undefined)) {
      for (const field of ['tenantId', 'role', 'isAdmin', 'command'].filter((name) => !(name in (operation.body?.shape ?? {})))) {
        const answer = await admin.ask(operation.method, addressOf(operation), { body: { name: 'x', tool: 'x', [field]: 'sent-value' } });
        expect([operation.id, answer.status]).toEqual([operation.id, 400]);
        expect(answer.body['errors']).toContainEqual({ path: `body.${field}`, expected: 'no such field', message: 'is not known here' });
        expect(answer.text).not.toContain('sent-value');
      }
    }
    expect(admin.calls).toEqual([]);
  });
});

test('whoever lacks the permission is refused, and the try is an audit event', async () => {
  const admin = await start({ authenticators: [async () => ({ principal: { ...OPERATOR, id: 'reader' }, permissions: new Set(['server:read']) })] });
  expect((await admin.ask('GET', '/api/v1/servers')).status).toBe(200);

  const refused = await admin.ask('POST', '/api/v1/servers/files/restart');

  expect([refused.status, refused.body['code']]).toEqual([403, 'auth.scope_missing']);
  expect(admin.calls).toEqual([]);
  const events = await listAuditEvents(admin.services.storage.db, { afterSeq: 0, limit: 10 });
  expect(events.at(-1)).toMatchObject({ principal: 'reader', action: 'restartServer', outcome: 'denied' });
});

test('guesses are slowed down, and the right token still passes', async () => {
  const admin = await start();
  const answers = [];
  for (let count = 0; count < 12; count++) answers.push(await admin.ask('GET', '/api/v1/keys', { credential: `Bearer guess${count}` }));
  expect(answers.map((answer) => answer.status)).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await admin.ask('GET', '/api/v1/keys')).status).toBe(200);
});

test('no odd credential is the token, and none is repeated in an answer or a record', async () => {
  const admin = await start();
  const odd = [
    "Bearer ' OR 1=1--",
    'Bearer',
    'Bearer  ',
    `Basic ${admin.token}`,
    admin.token,
    `Bearer ${admin.token}x`,
    `Bearer ${admin.token.slice(0, -1)}`,
    `Bearer ${'x'.repeat(8_000)}`,
  ];
  for (const credential of odd) {
    const answer = await admin.ask('GET', '/api/v1/keys', { credential });
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(credential);
  }
  expect(JSON.stringify(admin.records)).not.toContain(admin.token.slice(0, -1));
});

test('host and origin are checked first, on every address, also where there is nothing', async () => {
  const admin = await start();
  for (const path of ['/health', '/api/v1/keys', '/nothing']) {
    const answer = await admin.ask('GET', path, { headers: { origin: 'http://evil.example' }, credential: null });
    expect([path, answer.status, answer.body['code']]).toEqual([path, 403, 'request.origin_refused']);
  }
  const { hostname, port } = new URL(admin.url);
  const statuses = [];
  for (const headers of [{ host: 'attacker.example' }, { host: 'not a host' }, {}]) {
    const request = httpRequest({ hostname, port, path: '/health', headers, setHost: false });
    request.end();
    const [answer] = await once(request, 'response');
    answer.resume();
    statuses.push(answer.statusCode);
  }
  // What is no host at all is refused by the HTTP layers below us.
  expect(statuses).toEqual([403, 400, 400]);
});

test('an address without an operation is 404, a wrong method 405 with those that are right', async () => {
  const admin = await start();
  expect(await admin.ask('GET', '/api/v1/nothing')).toMatchObject({ status: 404, body: { code: 'request.not_found' } });
  const wrong = await admin.ask('PUT', '/api/v1/keys', { body: {} });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST']);
});

describe('a body', () => {
  const path = '/api/v1/servers/files/call';

  test.each([
    ['of another type', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, 'request.media_type'],
    ['that is no JSON', { body: '{"tool":' }, 400, 'request.parse'],
    ['that is nested too deeply', { body: '['.repeat(200) + ']'.repeat(200) }, 400, 'request.json_too_complex'],
    ['that is too large', { body: { tool: 'x', arguments: { text: 'x'.repeat(1_100_000) } } }, 413, 'request.too_large'],
    ['that is an array', { body: [] }, 400, 'request.params_invalid'],
  ])('%s is refused', async (_what, request, status, code) => {
    const admin = await start();
    const answer = await admin.ask('POST', path, request);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(admin.calls).toEqual([]);
  });

  test('with wrong fields is refused with the path and the expectation of each', async () => {
    const admin = await start();
    const answer = await admin.ask('POST', '/api/v1/keys', { body: { name: '', endpoints: ['dev', 'b/c', 7], expiresAt: 'soon' } });
    expect(answer.status).toBe(400);
    expect((answer.body['errors'] as { path: string; expected: string }[]).map(({ path: at, expected }) => [at, expected])).toEqual([
      ['body.name', 'at least 1'],
      ['body.name', '/^\\P{Cc}+$/u'],
      ['body.endpoints[1]', '/^(\\*|[a-zA-Z0-9_-]+)$/'],
      ['body.endpoints[2]', 'string'],
      ['body.expiresAt', expect.stringContaining('^')],
    ]);
  });
});

test('an answer holds what its schema names and nothing else', async () => {
  const secret = 'not-for-anyone';
  const operation = {
    id: 'leak',
    method: 'GET',
    path: '/api/v1/leak',
    summary: '',
    access: 'server:read',
    answer: z.object({ name: z.string() }),
    status: 200,
  } as const satisfies Operation;
  const answered = { name: 'x', digest: secret };
  const admin = await start({ operations: [bindRead(operation, async () => answered)] });
  expect((await admin.ask('GET', '/api/v1/leak')).body).toEqual({ name: 'x' });
});

test('what nobody foresaw is a 500 that tells nothing, and the record has the reason', async () => {
  const operation = {
    id: 'bug',
    method: 'GET',
    path: '/api/v1/bug',
    summary: '',
    access: 'server:read',
    answer: z.object({}),
    status: 200,
  } as const satisfies Operation;
  const admin = await start({ operations: [bindRead(operation, async () => Promise.reject(new Error('at /secret/path')))] });
  const answer = await admin.ask('GET', '/api/v1/bug');
  expect([answer.status, answer.body['title']]).toEqual([500, 'Internal error']);
  expect(answer.text).not.toContain('/secret/path');
  expect(admin.records.at(-1)).toMatchObject({ operation: 'bug', principal: 'operator', status: 500 });
  expect(admin.records.at(-1)?.fault?.detail).toContain('/secret/path');
  expect(answer.body['instance']).toBe(`urn:metamcp:request:${admin.records.at(-1)?.requestId}`);
});

test('no answer and no record holds a secret, whatever is asked', async () => {
  const admin = await start();
  const created = await admin.ask('POST', '/api/v1/keys', { body: { name: 'laptop' } });
  const value = String(created.body['value']);
  const answers: string[] = [];
  for (const { operation } of OPERATIONS) {
    for (const credential of [`Bearer ${admin.token}`, `Bearer ${newKeyValue(systemRandom)}`, null]) {
      const body = operation.body === undefined ? {} : { body: operation.id === 'createKey' ? { name: 'laptop' } : { tool: 'echo' } };
      answers.push((await admin.ask(operation.method, addressOf(operation), { credential, ...body })).text);
    }
  }
  answers.push((await admin.ask('GET', '/api/v1/openapi.json', { credential: null })).text);

  const events = await listAuditEvents(admin.services.storage.db, { afterSeq: 0, limit: 1_000 });
  const seen = answers.join('\n') + JSON.stringify(admin.records) + JSON.stringify(events);
  const digests = [...admin.services.snapshot().keys.keys()];
  const { pepper, sealing } = admin.services.instanceKey;
  const bytes = [pepper, sealing].flatMap((one) => [Buffer.from(one).toString('hex'), Buffer.from(one).toString('base64')]);
  expect(digests).toHaveLength(2);
  for (const secret of [admin.token, value, admin.starter?.value ?? '', ...digests, ...bytes]) expect(seen).not.toContain(secret);
});

test('every answer may be kept by nobody, is what it says it is, and shows in no frame', async () => {
  const admin = await start();
  for (const path of ['/health', '/api/v1/keys', '/nothing']) {
    const { headers } = await admin.ask('GET', path);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  }
});
