import { afterEach, describe, expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import type { AdminOptions } from '../../../test/support/start-admin.ts';
import { PASSWORD, startPeople, type TestPeople, tokenOf } from '../../../test/support/start-people.ts';
import { createPasswords, type Passwords } from '../../auth/passwords.ts';
import { systemRandom } from '../../base/ids.ts';
import { PAGE_HEADER } from '../../contract/page-header.ts';

const COOKIE = '__Host-metamcp-sign-in';
const running: TestPeople[] = [];

async function start(options?: AdminOptions): Promise<TestPeople> {
  const people = await startPeople(options);
  running.push(people);
  return people;
}

afterEach(async () => {
  for (const people of running.splice(0)) await people.close();
});

describe('a sign-in', () => {
  test('shows who one is and what one may do, and ends for good with sign-out', async () => {
    const people = await start();
    const browser = await people.signIn('OP@Example.com');
    const me = await browser.ask('GET', '/api/v1/me');
    expect(me.body).toMatchObject({ kind: 'user', user: { email: 'op@example.com', name: 'Grace', role: 'operator', hasPassword: true } });
    const kept = browser.cookies.get(COOKIE);

    expect((await browser.ask('POST', '/api/v1/sign-out')).status).toBe(200);

    expect(browser.cookies.has(COOKIE)).toBe(false);
    const copy = await people.newBrowser().ask('GET', '/api/v1/me', { headers: { cookie: `${COOKIE}=${kept}` } });
    expect([copy.status, copy.body['code'], copy.body['reason']]).toEqual([401, 'auth.credential_invalid', 'sign_in_ended']);
  });

  test('[AD-02] has a __Host- cookie that is Secure, HttpOnly and SameSite=Strict, of 256 random bits, and is kept as a digest', async () => {
    const people = await start();
    const browser = await people.signIn('op@example.com');
    const line = browser.setCookies.find((one) => one.startsWith(COOKIE));
    expect(line).toMatch(/^__Host-metamcp-sign-in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure; Max-Age=604800$/);
    const rows = await people.services.storage.db.selectFrom('sign_in').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(browser.cookies.get(COOKIE));
  });

  test('[AD-02] gets a new cookie at each sign-in, and the one the browser had opens nothing any more', async () => {
    const people = await start();
    const browser = await people.signIn('op@example.com');
    const before = browser.cookies.get(COOKIE);
    await browser.ask('POST', '/api/v1/sign-in', { body: { email: 'op@example.com', password: PASSWORD } });
    expect(browser.cookies.get(COOKIE)).not.toBe(before);
    expect((await people.newBrowser().ask('GET', '/api/v1/me', { headers: { cookie: `${COOKIE}=${before}` } })).status).toBe(401);
    // A cookie that somebody planted is never taken over.
    const fixed = people.newBrowser();
    fixed.cookies.set(COOKIE, 'planted');
    await fixed.ask('POST', '/api/v1/sign-in', { body: { email: 'op@example.com', password: PASSWORD } });
    expect(fixed.cookies.get(COOKIE)).not.toBe('planted');
  });

  test('[AD-02] ends after 30 idle minutes, and after seven days of use', async () => {
    const clock = new MovableClock();
    const people = await start({ clock });
    const [idle, busy] = [await people.signIn('op@example.com'), await people.signIn('op@example.com')];
    await clock.move(29 * 60_000);
    expect((await busy.ask('GET', '/api/v1/me')).status).toBe(200);
    await clock.move(60_000);
    expect((await idle.ask('GET', '/api/v1/me')).status).toBe(401);
    for (let minutes = 30; minutes < 7 * 24 * 60 - 20; minutes += 20) {
      await clock.move(20 * 60_000);
      expect((await busy.ask('GET', '/api/v1/me')).status).toBe(200);
    }
    await clock.move(20 * 60_000);
    expect((await busy.ask('GET', '/api/v1/me')).status).toBe(401);
  }, 30_000);
});

describe('[AD-01] a change with a cookie', () => {
  test('is refused without the header that only our pages send, and without an Origin', async () => {
    const people = await start();
    const browser = await people.signIn('op@example.com');
    for (const headers of [{ [PAGE_HEADER]: undefined }, { origin: undefined }, { origin: undefined, [PAGE_HEADER]: undefined }]) {
      const answer = await browser.ask('PATCH', '/api/v1/me', { body: { name: 'Mallory' }, headers });
      expect([answer.status, answer.body['code']]).toEqual([403, 'request.origin_refused']);
    }
    const foreign = await browser.ask('PATCH', '/api/v1/me', { body: { name: 'Mallory' }, headers: { origin: 'http://evil.example' } });
    expect([foreign.status, foreign.body['code']]).toEqual([403, 'request.origin_refused']);
    expect((await browser.ask('GET', '/api/v1/me')).body).toMatchObject({ user: { name: 'Grace' } });
  });

  test('of a plain form is refused for its content type, signed in or not', async () => {
    const people = await start();
    const browser = await people.signIn('op@example.com');
    for (const path of ['/api/v1/sign-in', '/api/v1/me/password', '/api/v1/invitations']) {
      const answer = await browser.ask('POST', path, { body: {}, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
      expect([path, answer.status]).toEqual([path, 415]);
    }
  });

  test('is nothing that an API key could stand in for', async () => {
    const people = await start();
    const answer = await people.newBrowser().ask('GET', '/api/v1/me', { headers: { cookie: `${COOKIE}=${people.starter?.value}` } });
    expect(answer.status).toBe(401);
  });
});

describe('[AD-05] a password that is not right', () => {
  /** Counts what takes long. */
  function counted(): { passwords: Passwords; calls: () => number } {
    const real = createPasswords(systemRandom);
    let count = 0;
    const verify: Passwords['verify'] = (password, hash) => {
      count += 1;
      return real.verify(password, hash);
    };
    return { passwords: { ...real, verify }, calls: () => count };
  }

  test('is answered as one for nobody: the same words after the same work, known, unknown or shut out', async () => {
    const { passwords, calls } = counted();
    const people = await start({ people: { passwords } });
    const member = await people.join('member');
    await people.ask('PATCH', `/api/v1/users/${member.userId}`, { body: { isDisabled: true } });
    const answers = [];
    for (const [email, password] of [
      ['op@example.com', 'not the password'],
      ['nobody@example.com', 'not the password'],
      ['member@example.com', PASSWORD],
      ["' or 1=1 --", 'not the password'],
    ]) {
      const before = calls();
      const { status, body, headers } = await people.newBrowser().ask('POST', '/api/v1/sign-in', { body: { email, password } });
      answers.push({ status, ...body, instance: '', work: calls() - before, cookies: headers.getSetCookie() });
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, title: 'The e-mail address or the password is not right.', work: 1, cookies: [] });
    expect((await people.events()).filter(({ action, outcome }) => action === 'signIn' && outcome === 'denied')).toHaveLength(4);
  });

  test('makes the next tries wait, and a browser that was signed in before does not wait for strangers', async () => {
    const people = await start();
    const known = await people.signIn('op@example.com');
    await known.ask('POST', '/api/v1/sign-out');
    const statuses: number[] = [];
    for (let count = 0; count < 8; count++) statuses.push((await people.newBrowser().ask('POST', '/api/v1/sign-in', { body: { email: 'op@example.com', password: `guess number ${count}` } })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const stranger = await people.newBrowser().ask('POST', '/api/v1/sign-in', { body: { email: 'op@example.com', password: PASSWORD } });
    expect([stranger.status, Number(stranger.headers.get('retry-after'))]).toEqual([429, 1]);

    expect((await known.ask('POST', '/api/v1/sign-in', { body: { email: 'op@example.com', password: PASSWORD } })).status).toBe(200);
  });
});

describe('[AD-07] what is far-reaching', () => {
  const stdio = { name: 'shell', config: { command: '/bin/sh' } };

  test('asks an operator for a proof of the last five minutes, and goes on once it is there', async () => {
    const clock = new MovableClock();
    const people = await start({ clock });
    const browser = await people.signIn('op@example.com');
    expect((await browser.ask('POST', '/api/v1/servers', { body: { ...stdio, name: 'early' } })).status).toBe(201);

    await clock.move(6 * 60_000);
    for (const [method, path, body] of [
      ['POST', '/api/v1/servers', stdio],
      ['POST', '/api/v1/config/apply', { text: '{"mcpServers":{}}' }],
    ] as const) {
      const stale = await browser.ask(method, path, { body });
      expect([path, stale.status, stale.body['type']]).toEqual([path, 403, 'urn:metamcp:fault:auth.reauthentication_needed']);
    }
    expect((await browser.ask('GET', '/api/v1/servers')).status).toBe(200);

    const before = browser.cookies.get(COOKIE);
    expect((await browser.ask('POST', '/api/v1/me/reauthentication', { body: { password: 'not the password' } })).status).toBe(401);
    expect((await browser.ask('POST', '/api/v1/me/reauthentication', { body: { password: PASSWORD } })).status).toBe(200);
    expect(browser.cookies.get(COOKIE)).not.toBe(before);
    expect((await browser.ask('POST', '/api/v1/servers', { body: stdio })).status).toBe(201);
    expect((await people.events()).filter(({ action }) => action === 'createServer')).toHaveLength(2);
  });

  test('asks the operator token for nothing', async () => {
    const people = await start();
    expect((await people.ask('POST', '/api/v1/servers', { body: stdio })).status).toBe(201);
  });
});

describe('one’s own affairs', () => {
  test('a new password needs the old one, ends every other sign-in, and is refused where it is weak', async () => {
    const people = await start();
    const [here, elsewhere] = [await people.signIn('op@example.com'), await people.signIn('op@example.com')];
    const change = (password: string, newPassword: string) => here.ask('POST', '/api/v1/me/password', { body: { password, newPassword } });
    expect((await change('not the password', 'another horse battery')).status).toBe(401);
    const weak = await change(PASSWORD, 'password1234');
    expect([weak.status, weak.body['errors']]).toEqual([400, [expect.objectContaining({ path: 'body.newPassword' })]]);
    expect(weak.text).not.toContain('password1234');

    expect((await change(PASSWORD, 'another horse battery')).status).toBe(200);

    expect((await here.ask('GET', '/api/v1/me')).status).toBe(200);
    expect((await elsewhere.ask('GET', '/api/v1/me')).status).toBe(401);
    await expect(people.signIn('op@example.com')).rejects.toThrow('not right');
    await people.signIn('op@example.com', 'another horse battery');
  });

  test('one sees where one is signed in and ends it there; another’s is not there', async () => {
    const people = await start();
    const [here, elsewhere] = [await people.signIn('op@example.com'), await people.signIn('op@example.com')];
    const member = await people.join('member');
    const { items } = (await here.ask('GET', '/api/v1/me/sign-ins')).body as { items: { id: string; isThisOne: boolean; address: string }[] };
    expect(items.map(({ isThisOne }) => isThisOne)).toEqual([false, true, false]);
    expect(items[0]).toMatchObject({ method: 'password', address: '127.0.0.1' });

    expect((await member.ask('DELETE', `/api/v1/me/sign-ins/${items[0]?.id}`)).status).toBe(404);
    expect((await here.ask('DELETE', `/api/v1/me/sign-ins/${items[0]?.id}`)).status).toBe(200);
    expect((await elsewhere.ask('GET', '/api/v1/me')).status).toBe(401);
    expect((await here.ask('DELETE', '/api/v1/me/sign-ins')).body).toEqual({ ended: 1 });
    expect((await people.operator.ask('GET', '/api/v1/me')).status).toBe(401);
    expect((await member.ask('GET', '/api/v1/me')).status).toBe(200);
  });

  test('the operator token is nobody: it sees what it may do and has no profile', async () => {
    const people = await start();
    expect((await people.ask('GET', '/api/v1/me')).body).toMatchObject({ kind: 'operator', user: null });
    const answer = await people.ask('PATCH', '/api/v1/me', { body: { name: 'x' } });
    expect([answer.status, answer.body['reason']]).toEqual([409, 'no_user']);
  });
});

describe('a forgotten password', () => {
  test('is reset by a link that an operator makes: once, within the hour, and every sign-in ends', async () => {
    const clock = new MovableClock();
    const people = await start({ clock });
    const member = await people.join('member');
    const make = async (): Promise<string> => tokenOf((await people.ask('POST', `/api/v1/users/${member.userId}/reset-link`)).body['link']);
    const [first, second, late] = [await make(), await make(), await make()];
    const redeem = (token: string, password = 'another horse battery') => people.newBrowser().ask('POST', '/api/v1/links/redeem', { body: { token, password } });
    expect((await people.newBrowser().ask('POST', '/api/v1/links/inspect', { body: { token: first } })).body).toMatchObject({ purpose: 'password_reset' });

    expect((await redeem(first)).status).toBe(200);

    expect((await member.ask('GET', '/api/v1/me')).status).toBe(401);
    expect((await redeem(first)).status).toBe(404);
    // Others made before are worthless once one was used.
    expect((await redeem(second)).status).toBe(404);
    expect((await redeem(late)).status).toBe(404);
    const old = await make();
    await clock.move(3_600_000);
    expect((await redeem(old)).status).toBe(404);
    await people.signIn('member@example.com', 'another horse battery');
  });

  test('is mailed where a mail server is configured, with one answer for known and unknown addresses', async () => {
    const sent: { to: string; text: string }[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const sendMail = async (mail: { to: string; text: string }): Promise<void> => {
      sent.push(mail);
      resolve();
    };
    const people = await start({ people: { sendMail } });
    const ask = (email: string) => people.newBrowser().ask('POST', '/api/v1/password-reset', { body: { email } });
    const [unknown, known] = [await ask('nobody@example.com'), await ask('OP@example.com')];
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
    await promise;
    expect(sent.map(({ to }) => to)).toEqual(['op@example.com']);
    const token = tokenOf(/https?:\S+/.exec(sent[0]?.text ?? '')?.[0]);
    expect((await people.newBrowser().ask('POST', '/api/v1/links/redeem', { body: { token, password: 'another horse battery' } })).status).toBe(200);
  });

  test('without a mail server says so', async () => {
    const people = await start();
    expect((await people.newBrowser().ask('POST', '/api/v1/password-reset', { body: { email: 'op@example.com' } })).body).toMatchObject({ code: 'request.conflict', reason: 'no_mail' });
    expect((await people.newBrowser().ask('GET', '/api/v1/sign-in')).body).toEqual({ formSignUp: false, ssoSignUp: false, passwordSignIn: true, hasOperator: true, provider: null, resetByMail: false });
  });
});

test('no password and no token of a link is in any answer, row or record', async () => {
  const people = await start();
  const member = await people.join('member');
  await member.ask('POST', '/api/v1/me/password', { body: { password: 'wrong canary 8731', newPassword: 'new canary 8731' } });
  await member.ask('POST', '/api/v1/sign-in', { body: { email: 'member@example.com', password: 'wrong canary 8731' } });
  const { db } = people.services.storage;
  const tables = await Promise.all((['user', 'sign_in', 'one_time_link', 'audit_event', 'idempotency'] as const).map((table) => db.selectFrom(table).selectAll().execute()));
  const all = JSON.stringify([tables, people.records, await people.ask('GET', '/api/v1/users').then(({ text }) => text)]);
  for (const secret of ['canary 8731', PASSWORD, ...member.cookies.values()]) expect(all).not.toContain(secret);
});
