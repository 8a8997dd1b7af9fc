import { afterEach, describe, expect, test } from 'vitest';
import { type AdminOptions, startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import { startPeople } from '../../../test/support/start-people.ts';
import { listAuditEvents } from '../../storage/audit-events.ts';

const running: { close(): Promise<void> }[] = [];

async function start(options?: AdminOptions): Promise<TestAdmin> {
  const admin = await startAdmin(options);
  running.push(admin);
  return admin;
}

afterEach(async () => {
  for (const admin of running.splice(0)) await admin.close();
});

const patch = (admin: TestAdmin, settings: object, headers: Record<string, string> = {}) => admin.ask('PATCH', '/api/v1/settings', { body: { settings }, headers });

describe('settings of the instance', () => {
  test('are read with their origins, changed with If-Match, and gone back to the default by null', async () => {
    const admin = await start();
    const first = await admin.ask('GET', '/api/v1/settings');
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"0"']);
    expect(first.body).toMatchObject({ version: 0, locked: [], settings: { logLevel: 'errors-only', oauthRegistration: true, formSignUp: false }, origins: { logLevel: 'default' }, process: [{ name: 'port', value: '12008', source: 'default' }] });

    const changed = await patch(admin, { logLevel: 'info', egressAllow: ['10.0.0.0/8:443'] }, { 'if-match': '"0"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"1"']);
    expect(changed.body).toMatchObject({ settings: { logLevel: 'info', egressAllow: ['10.0.0.0/8:443'] }, origins: { logLevel: 'set' } });
    expect(admin.services.settings.now()).toMatchObject({ logLevel: 'info', egressAllow: ['10.0.0.0/8:443'] });

    expect((await patch(admin, { logLevel: 'all' }, { 'if-match': '"0"' })).status).toBe(412);
    const back = await patch(admin, { logLevel: null }, { 'if-match': '"1"' });
    expect(back.body).toMatchObject({ settings: { logLevel: 'errors-only', egressAllow: ['10.0.0.0/8:443'] }, origins: { logLevel: 'default' } });

    const events = await listAuditEvents(admin.services.storage.db, { afterSeq: 0, limit: 100 });
    expect(events.filter(({ action }) => action === 'patchSettings').map(({ detail }) => detail)).toEqual([{ names: ['logLevel', 'egressAllow'] }, { names: ['logLevel'] }]);
  });

  test('are versions of the configuration: a rollback undoes them', async () => {
    const admin = await start();
    await patch(admin, { oauthClientsMax: 5 });
    await patch(admin, { oauthClientsMax: 6 });
    const versions = await admin.ask('GET', '/api/v1/config/versions');
    const [, second] = versions.body['items'] as { number: number }[];
    expect((await admin.ask('POST', '/api/v1/config/rollback', { body: { number: second?.number } })).status).toBe(200);
    expect(admin.services.settings.now().oauthClientsMax).toBe(5);
  });

  test.each([
    [{ logLevel: 'loud' }, 'body.settings.logLevel'],
    [{ port: 1 }, 'body.settings.port'],
    [{ egressAllow: ['everything'] }, 'body.settings.egressAllow[0]'],
    [{ auditRetentionDays: 0 }, 'body.settings.auditRetentionDays'],
  ])('%j is refused with its place', async (settings, path) => {
    const admin = await start();
    const refused = await patch(admin, settings);
    expect([refused.status, (refused.body['errors'] as { path: string }[])[0]?.path]).toEqual([400, path]);
    expect(admin.services.settings.now().logLevel).toBe('errors-only');
  });

  test('what a flag or variable of the start decides cannot be changed, and the same value is no change', async () => {
    const admin = await start({ fixed: new Map([['logLevel', { value: 'none', from: 'METAMCP_LOG_LEVEL' }]]) });
    const refused = await patch(admin, { logLevel: 'all' });
    expect([refused.status, refused.body['reason'], refused.body['title']]).toEqual([409, 'fixed_by_start', 'METAMCP_LOG_LEVEL decides logLevel: change it there.']);
    expect((await patch(admin, { logLevel: 'none', formSignUp: true })).status).toBe(200);
    const shown = await admin.ask('GET', '/api/v1/settings');
    expect(shown.body).toMatchObject({ locked: ['logLevel'], settings: { logLevel: 'none', formSignUp: true }, origins: { logLevel: 'METAMCP_LOG_LEVEL', formSignUp: 'set' } });
  });

  test('what a file sets is the file’s; what it does not say can be set here', async () => {
    const admin = await start({ file: { settings: { logLevel: 'info', port: 1 } } });
    expect(admin.services.settings.now().logLevel).toBe('info');
    const refused = await patch(admin, { logLevel: 'all' });
    expect([refused.status, refused.body['reason'], refused.body['title']]).toEqual([409, 'owned_by_file', 'file /etc/metamcp.yaml decides logLevel: change it there.']);
    expect((await patch(admin, { formSignUp: true })).status).toBe(200);
    expect((await admin.ask('GET', '/api/v1/settings')).body).toMatchObject({ settings: { logLevel: 'info', formSignUp: true } });
  });
});

describe('settings in a configuration file', () => {
  test('are applied, exported, and applied again without a change', async () => {
    const admin = await start({ file: { settings: { logLevel: 'info' } } });
    const text = 'settings: { port: 1234, formSignUp: true, auditRetentionDays: 10 }\n';
    const applied = await admin.ask('POST', '/api/v1/config/apply', { body: { text, source: 'team.yaml' } });
    expect([applied.status, applied.body['warnings']]).toEqual([200, ['settings.port is read from the file that is given at start, not from one that is applied']]);
    expect(applied.body['text']).toContain('+ settings.team.yaml');
    expect(admin.services.settings.now()).toMatchObject({ formSignUp: true, auditRetentionDays: 10, logLevel: 'info' });

    const exported = await admin.ask('GET', '/api/v1/config/export');
    expect(exported.body['text']).toContain('settings:\n  logLevel: info\n  formSignUp: true\n  auditRetentionDays: 10\n');
    for (const source of [null, 'other.yaml']) {
      const again = await admin.ask('POST', '/api/v1/config/apply', { body: { text: exported.body['text'], source } });
      expect([again.status, again.body['text']]).toEqual([200, 'No changes.']);
    }

    const conflict = await admin.ask('POST', '/api/v1/config/apply', { body: { text: 'settings: { logLevel: all }\n' } });
    expect([conflict.status, conflict.body['reason']]).toEqual([409, 'owned_by_file']);

    const left = await admin.ask('POST', '/api/v1/config/apply', { body: { text: '{"servers":{}}', source: 'team.yaml' } });
    expect(left.body['text']).toContain('- settings.team.yaml');
    expect(admin.services.settings.now()).toMatchObject({ formSignUp: false, auditRetentionDays: 400 });
  });

  test('that are not valid are refused with their place, and nothing changes', async () => {
    const admin = await start();
    const refused = await admin.ask('POST', '/api/v1/config/apply', { body: { text: 'settings:\n  logLevel: loud\n' } });
    expect([refused.status, (refused.body['errors'] as { path: string }[])[0]?.path]).toEqual([400, 'settings.logLevel']);
  });
});

test('opening sign-up or private networks needs a fresh proof of who one is, and an admin may not', async () => {
  const people = await startPeople();
  running.push(people);
  expect((await people.operator.ask('PATCH', '/api/v1/settings', { body: { settings: { formSignUp: true } } })).status).toBe(200);
  const admin = await people.join('admin');
  expect((await admin.ask('GET', '/api/v1/settings')).status).toBe(200);
  expect((await admin.ask('PATCH', '/api/v1/settings', { body: { settings: { formSignUp: true } } })).status).toBe(403);
});
