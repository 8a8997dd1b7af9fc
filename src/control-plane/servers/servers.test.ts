import { afterEach, expect, test } from 'vitest';
import { type AdminOptions, READY_SERVER, startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import { Fault } from '../../base/fault.ts';
import { listAuditEvents } from '../../storage/audit-events.ts';

const running: TestAdmin[] = [];

async function start(options?: AdminOptions): Promise<TestAdmin> {
  const admin = await startAdmin(options);
  running.push(admin);
  return admin;
}

afterEach(async () => {
  for (const admin of running.splice(0)) await admin.close();
});

async function events(admin: TestAdmin) {
  const all = await listAuditEvents(admin.services.storage.db, { afterSeq: 0, limit: 100 });
  return all.slice(2).map(({ action, subject, outcome, detail }) => [action, subject, outcome, detail]);
}

test('the list shows every server as it is', async () => {
  const admin = await start();
  expect((await admin.ask('GET', '/api/v1/servers')).body).toEqual({
    items: [
      {
        ...READY_SERVER,
        owner: null,
        managedBy: null,
        version: 1,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        config: { command: '/bin/files', required: true },
        description: '',
        tags: [],
        capabilities: [],
        costNote: '',
        usedBy: ['dev'],
        policies: [],
        proxy: null,
      },
    ],
    nextCursor: null,
  });
});

test('restart and resync reach the server and leave two audit events each', async () => {
  const admin = await start();
  for (const verb of ['restart', 'resync']) {
    const answer = await admin.ask('POST', `/api/v1/servers/files/${verb}`);
    expect([answer.status, answer.body]).toEqual([200, READY_SERVER]);
  }
  expect(admin.calls).toEqual([
    ['restart', 'files'],
    ['resync', 'files'],
  ]);
  expect(await events(admin)).toEqual([
    ['restartServer', 'files', 'started', {}],
    ['restartServer', 'files', 'done', {}],
    ['resyncServer', 'files', 'started', {}],
    ['resyncServer', 'files', 'done', {}],
  ]);
});

test('an action that fails is a problem with the hop, and the audit event says so', async () => {
  const admin = await start({ restart: () => Promise.reject(new Fault('upstream.unavailable', { detail: 'spawn /bin/files ENOENT' })) });
  const answer = await admin.ask('POST', '/api/v1/servers/files/restart');
  expect([answer.status, answer.body['code'], answer.body['failedAt']]).toEqual([502, 'upstream.unavailable', 'server']);
  expect((await events(admin)).at(-1)).toEqual(['restartServer', 'files', 'failed', { code: 'upstream.unavailable' }]);
});

test('a server that is not there is 404 and leaves nothing behind', async () => {
  const admin = await start();
  for (const verb of ['restart', 'resync']) expect((await admin.ask('POST', `/api/v1/servers/none/${verb}`)).status).toBe(404);
  expect((await admin.ask('POST', '/api/v1/servers/none/call', { body: { tool: 'x' } })).status).toBe(404);
  expect(admin.calls).toEqual([]);
  expect(await events(admin)).toEqual([]);
});

test('a direct call answers with the result and the time it took, and its arguments are recorded nowhere', async () => {
  const admin = await start();
  const answer = await admin.ask('POST', '/api/v1/servers/files/call', { body: { tool: 'echo', arguments: { text: 'private' } } });
  expect(answer.body).toEqual({ result: { content: [{ type: 'text', text: 'ping' }] }, durationMs: expect.any(Number) });
  expect(admin.calls).toEqual([['call', 'files', 'echo', { text: 'private' }]]);
  expect((await events(admin)).at(-1)).toEqual(['callServer', 'files', 'done', { tool: 'echo' }]);
  expect(JSON.stringify([await events(admin), admin.records])).not.toContain('private');
});

test('what the server refused is an answer, not a problem', async () => {
  const error = { code: -32602, message: 'Unknown tool', failedAt: 'tool' } as const;
  const admin = await start({ outcome: { error } });
  const answer = await admin.ask('POST', '/api/v1/servers/files/call', { body: { tool: 'none' } });
  expect([answer.status, answer.body]).toEqual([200, { error, durationMs: expect.any(Number) }]);
});
