import { afterEach, describe, expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import type { AdminOptions } from '../../../test/support/start-admin.ts';
import { PASSWORD, startPeople, type TestPeople, tokenOf } from '../../../test/support/start-people.ts';
import type { IdentityProvider } from '../../auth/identity-provider.ts';
import { openFirstOperator } from './first-operator.ts';

const running: TestPeople[] = [];

async function start(options?: AdminOptions): Promise<TestPeople> {
  const people = await startPeople(options);
  running.push(people);
  return people;
}

afterEach(async () => {
  for (const people of running.splice(0)) await people.close();
});

const NEVER_ASKED: IdentityProvider = {
  id: 'sso',
  begin: () => Promise.reject(new Error('not asked in this test')),
  finish: () => Promise.reject(new Error('not asked in this test')),
};

describe('[AD-04] the first operator', () => {
  test('is made by one link, once; a link of another start, and one that is a day old, make nobody', async () => {
    const clock = new MovableClock();
    const people = await start({ clock });
    const { passwords } = people.services.people;
    expect(await openFirstOperator(undefined, { ...people.services, passwords })).toBeUndefined();

    // As at a start without any operator.
    await people.services.storage.db.deleteFrom('user').execute();
    const former = await openFirstOperator(undefined, { ...people.services, passwords });
    const token = await openFirstOperator(undefined, { ...people.services, passwords });
    const redeem = (link: string | undefined, email: string) => people.newBrowser().ask('POST', '/api/v1/links/redeem', { body: { token: link, email, password: PASSWORD } });
    expect((await people.newBrowser().ask('GET', '/api/v1/sign-in')).body).toMatchObject({ hasOperator: false, formSignUp: false });
    expect((await redeem(former, 'a@example.com')).status).toBe(404);
    expect((await people.newBrowser().ask('POST', '/api/v1/links/inspect', { body: { token } })).body).toMatchObject({ purpose: 'first_operator', role: 'operator', email: null });
    const outcomes = await Promise.all([redeem(token, 'a@example.com'), redeem(token, 'b@example.com')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect((await people.ask('GET', '/api/v1/users')).body['items']).toHaveLength(1);

    await people.services.storage.db.deleteFrom('user').execute();
    const late = await openFirstOperator(undefined, { ...people.services, passwords });
    await clock.move(24 * 3_600_000);
    expect((await redeem(late, 'a@example.com')).status).toBe(404);
  });

  test('of an unattended installation signs in with what the environment said; a later start changes nobody', async () => {
    const people = await start();
    const { passwords } = people.services.people;
    const deps = { ...people.services, passwords };
    await people.services.storage.db.deleteFrom('user').execute();
    expect(await openFirstOperator({ email: 'Boot@Example.com', password: PASSWORD }, deps)).toBeUndefined();
    await people.signIn('boot@example.com');
    expect(await openFirstOperator({ email: 'boot@example.com', password: 'another horse battery' }, deps)).toBeUndefined();
    expect(await openFirstOperator({ email: 'second@example.com', password: 'another horse battery' }, deps)).toBeUndefined();
    await people.signIn('boot@example.com');
    expect((await people.ask('GET', '/api/v1/users')).body['items']).toHaveLength(1);
  });

  test('is nobody whom a default password would let in', async () => {
    const people = await start();
    await people.services.storage.db.deleteFrom('user').execute();
    for (const [email, password] of [['admin', 'admin'], ['admin@example.com', 'changeme'], ['operator', ''], ['root', 'metamcp']]) {
      const { status } = await people.newBrowser().ask('POST', '/api/v1/sign-in', { body: { email, password } });
      expect([400, 401]).toContain(status);
    }
  });
});

describe('sign-up by form', () => {
  const body = { email: 'new@example.com', name: 'New', password: PASSWORD };

  test('is off, also while nobody is an operator; the switch holds at the API', async () => {
    const people = await start();
    const signUp = () => people.newBrowser().ask('POST', '/api/v1/sign-up', { body });
    expect((await signUp()).body).toMatchObject({ code: 'auth.scope_missing', reason: 'sign_up_closed' });
    await people.services.storage.db.deleteFrom('user').execute();
    expect((await signUp()).status).toBe(403);
  });

  test('once allowed makes members, and once closed again stays closed over a restart', async () => {
    const people = await start();
    const put = (formSignUp: boolean) => people.operator.ask('PUT', '/api/v1/settings/registration', { body: { formSignUp, ssoSignUp: true, passwordSignIn: true } });
    expect((await put(true)).status).toBe(200);
    const browser = people.newBrowser();
    const made = await browser.ask('POST', '/api/v1/sign-up', { body });
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ user: expect.objectContaining({ role: 'member' }) })]);
    expect((await people.newBrowser().ask('POST', '/api/v1/sign-up', { body })).body).toMatchObject({ reason: 'email_taken' });
    for (const more of [{ role: 'operator' }, { isDisabled: false }, { password: 'password1234', email: 'b@example.com' }]) {
      expect((await people.newBrowser().ask('POST', '/api/v1/sign-up', { body: { ...body, ...more } })).status).toBe(400);
    }

    expect((await put(false)).status).toBe(200);
    await openFirstOperator({ email: 'boot@example.com', password: PASSWORD }, { ...people.services, passwords: people.services.people.passwords });
    expect((await people.ask('GET', '/api/v1/settings/registration')).body).toMatchObject({ formSignUp: false });
    expect((await people.newBrowser().ask('POST', '/api/v1/sign-up', { body: { ...body, email: 'c@example.com' } })).status).toBe(403);
  });

  test('passwords can be switched off for all, and are then refused at the API; not where that would shut everyone out', async () => {
    const alone = await start();
    expect((await alone.operator.ask('PUT', '/api/v1/settings/registration', { body: { formSignUp: false, ssoSignUp: true, passwordSignIn: false } })).body).toMatchObject({ reason: 'no_provider' });
    const people = await start({ people: { provider: NEVER_ASKED } });
    await people.operator.ask('PUT', '/api/v1/settings/registration', { body: { formSignUp: true, ssoSignUp: false, passwordSignIn: false } });
    await expect(people.signIn('op@example.com')).rejects.toThrow('not right');
    expect((await people.newBrowser().ask('POST', '/api/v1/sign-up', { body })).status).toBe(403);
    expect((await people.newBrowser().ask('GET', '/api/v1/sign-in')).body).toMatchObject({ passwordSignIn: false, ssoSignUp: false, provider: { id: 'sso' } });
  });
});

describe('an invitation', () => {
  test('makes one user with its role, for the address it names, and can be taken back', async () => {
    const people = await start();
    const invite = async (body: object) => (await people.operator.ask('POST', '/api/v1/invitations', { body })).body;
    const named = await invite({ role: 'auditor', email: 'Eve@example.com' });
    const open = await invite({});
    expect(named).toMatchObject({ role: 'auditor', email: 'eve@example.com', isMailed: false, link: expect.stringMatching(/^http:\/\/127\.0\.0\.1:12008\/link#[\w-]{43}$/) });
    const listed = await people.operator.ask('GET', '/api/v1/invitations');
    expect(listed.body['items']).toHaveLength(2);
    expect(listed.text).not.toContain(tokenOf(named['link']));

    const redeem = (link: unknown, email: string) => people.newBrowser().ask('POST', '/api/v1/links/redeem', { body: { token: tokenOf(link), email, password: PASSWORD } });
    expect((await redeem(named['link'], 'mallory@example.com')).status).toBe(400);
    expect((await redeem(named['link'], 'EVE@example.com')).body).toMatchObject({ user: { role: 'auditor', email: 'eve@example.com' } });
    expect((await redeem(named['link'], 'eve@example.com')).status).toBe(404);
    expect((await people.operator.ask('DELETE', `/api/v1/invitations/${open['id']}`)).status).toBe(200);
    expect((await redeem(open['link'], 'x@example.com')).status).toBe(404);
    expect((await people.operator.ask('POST', '/api/v1/invitations', { body: { email: 'eve@example.com' } })).body).toMatchObject({ reason: 'email_taken' });
  });

  test('of an admin reaches no further than the admin: operators are made and changed by operators', async () => {
    const people = await start();
    const admin = await people.join('admin');
    const member = await people.join('member');
    const me = (await people.operator.ask('GET', '/api/v1/me')).body['user'] as { id: string };
    const tries = [
      await admin.ask('POST', '/api/v1/invitations', { body: { role: 'operator' } }),
      await admin.ask('PATCH', `/api/v1/users/${admin.userId}`, { body: { role: 'operator' } }),
      await admin.ask('PATCH', `/api/v1/users/${me.id}`, { body: { isDisabled: true } }),
      await admin.ask('PATCH', `/api/v1/users/${me.id}`, { body: { role: 'member' } }),
      await admin.ask('POST', `/api/v1/users/${me.id}/reset-link`),
      await admin.ask('DELETE', `/api/v1/users/${me.id}/sign-ins`),
    ];
    expect(tries.map(({ status, body }) => [status, body['reason']])).toEqual(tries.map(() => [403, 'operator_only']));
    expect((await admin.ask('PATCH', `/api/v1/users/${member.userId}`, { body: { role: 'auditor' } })).status).toBe(200);
    expect((await admin.ask('POST', '/api/v1/invitations', { body: { role: 'admin' } })).status).toBe(201);
  });

  test('is mailed to its address where a mail server is configured, and a mail that fails is reported', async () => {
    const sent: string[] = [];
    const people = await start({ people: { sendMail: async ({ to }) => (to === 'bad@example.com' ? Promise.reject(new Error('mailbox full')) : void sent.push(to)) } });
    expect((await people.operator.ask('POST', '/api/v1/invitations', { body: { email: 'eve@example.com' } })).body).toMatchObject({ isMailed: true });
    await people.operator.ask('POST', '/api/v1/invitations', { body: { email: 'bad@example.com' } });
    expect(sent).toEqual(['eve@example.com']);
    expect(people.reports.join()).toContain('mailbox full');
  });
});

describe('a user', () => {
  test('who is shut out is out at once, and so are the keys it owns', async () => {
    const people = await start();
    const member = await people.join('member');
    const key = await member.ask('POST', '/api/v1/keys', { body: { name: 'own', endpoints: [] } });
    expect(key.status).toBe(201);
    const isKnown = (): boolean => [...people.services.snapshot().keys.values()].some(({ id }) => id === key.body['id']);
    expect(isKnown()).toBe(true);

    await people.operator.ask('PATCH', `/api/v1/users/${member.userId}`, { body: { isDisabled: true } });

    expect((await member.ask('GET', '/api/v1/me')).status).toBe(401);
    expect(isKnown()).toBe(false);
    await people.operator.ask('PATCH', `/api/v1/users/${member.userId}`, { body: { isDisabled: false } });
    expect((await member.ask('GET', '/api/v1/me')).status).toBe(401);
    expect(isKnown()).toBe(true);
    await people.signIn('member@example.com');
  });

  test('whose role changes has the new one in the very next request', async () => {
    const people = await start();
    const admin = await people.join('admin');
    expect((await admin.ask('GET', '/api/v1/users')).status).toBe(200);
    await people.operator.ask('PATCH', `/api/v1/users/${admin.userId}`, { body: { role: 'member' } });
    expect((await admin.ask('GET', '/api/v1/users')).status).toBe(403);
  });

  test('who is the last operator stays one', async () => {
    const people = await start();
    const id = ((await people.operator.ask('GET', '/api/v1/me')).body['user'] as { id: string }).id;
    for (const body of [{ role: 'admin' }, { isDisabled: true }]) expect((await people.operator.ask('PATCH', `/api/v1/users/${id}`, { body })).body).toMatchObject({ code: 'request.conflict', reason: 'last_operator' });
    await people.join('operator');
    expect((await people.operator.ask('PATCH', `/api/v1/users/${id}`, { body: { role: 'admin' } })).status).toBe(200);
  });

  test('is listed page by page, without a hash of its password', async () => {
    const people = await start();
    for (const name of ['a', 'b', 'c']) await people.join('member', `${name}@example.com`);
    const first = await people.operator.ask('GET', '/api/v1/users?limit=3');
    const second = await people.operator.ask('GET', `/api/v1/users?limit=3&cursor=${String(first.body['nextCursor'])}`);
    const emails = [first, second].flatMap(({ body }) => (body['items'] as { email: string }[]).map(({ email }) => email));
    expect(emails).toEqual(['op@example.com', 'a@example.com', 'b@example.com', 'c@example.com']);
    expect(second.body['nextCursor']).toBeNull();
    expect(first.text).not.toContain('argon2');
    expect((await people.operator.ask('PATCH', '/api/v1/users/usr_none', { body: {} })).status).toBe(404);
  });
});

test('each change of people leaves one audit event that says who did it', async () => {
  const people = await start();
  const member = await people.join('member');
  await people.operator.ask('PATCH', `/api/v1/users/${member.userId}`, { body: { role: 'auditor' } });
  await people.operator.ask('POST', `/api/v1/users/${member.userId}/reset-link`);
  await people.operator.ask('PUT', '/api/v1/settings/registration', { body: { formSignUp: true, ssoSignUp: true, passwordSignIn: true } });
  await member.ask('POST', '/api/v1/sign-out');
  const operatorId = ((await people.operator.ask('GET', '/api/v1/me')).body['user'] as { id: string }).id;
  expect((await people.events()).map(({ principal, action, outcome }) => [principal, action, outcome]).slice(-7)).toEqual([
    [operatorId, 'redeemLink', 'done'],
    ['operator', 'createInvitation', 'done'],
    [member.userId, 'redeemLink', 'done'],
    [operatorId, 'patchUser', 'done'],
    [operatorId, 'createResetLink', 'done'],
    [operatorId, 'putRegistration', 'done'],
    [member.userId, 'signOut', 'done'],
  ]);
});

test('a member operates its own servers and no public one, past whose policies it would reach', async () => {
  const people = await start();
  const member = await people.join('member');
  expect((await member.ask('GET', '/api/v1/servers/files')).status).toBe(200);
  for (const [path, body] of [['restart', undefined], ['resync', undefined], ['call', { tool: 'echo' }]] as const) {
    const answer = await member.ask('POST', `/api/v1/servers/files/${path}`, { body });
    expect([path, answer.status, answer.body['reason']]).toEqual([path, 403, 'public_object']);
  }
  expect(people.calls).toEqual([]);
  expect((await people.operator.ask('POST', '/api/v1/servers/files/restart')).status).toBe(200);
});
