/** Sign-in at an identity provider, against a real one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import type { AdminOptions } from '../../../test/support/start-admin.ts';
import { OIDC_CLIENT, startOidcProvider, type TestOidcProvider } from '../../../test/support/start-oidc-provider.ts';
import { startPeople, type TestPeople, tokenOf } from '../../../test/support/start-people.ts';
import type { TestBrowser } from '../../../test/support/test-browser.ts';
import { createIdentityProvider, type IdentityProviderOptions } from '../../auth/identity-provider.ts';
import type { RoleRules } from '../../auth/provider-claims.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/ids.ts';
import { findUser } from '../../storage/users.ts';
import { createDialer } from '../../upstream/dialer/dialer.ts';
import { createWebFetch } from '../../upstream/dialer/web-fetch.ts';

const CALLBACK = '/api/auth/oauth2/callback/sso';
const ADA = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
const COOKIE = '__Host-metamcp-sign-in';
let oidc: TestOidcProvider;
let people: TestPeople | undefined;

beforeEach(async () => {
  oidc = await startOidcProvider(() => [`${people?.url}${CALLBACK}`]);
  oidc.person = ADA;
});

afterEach(async () => {
  await people?.close();
  await oidc.stop();
  people = undefined;
});

async function start(more: { readonly provider?: Partial<IdentityProviderOptions>; readonly roleRules?: RoleRules } & Pick<AdminOptions, 'clock'> = {}): Promise<TestPeople> {
  const options: IdentityProviderOptions = { id: 'sso', ...OIDC_CLIENT, discoveryUrl: oidc.issuer, issuer: undefined, scopes: 'openid email profile', usesPkce: true, ...more.provider };
  const dialer = createDialer({ clock: systemClock, ownListeners: () => [] });
  const fetch = createWebFetch({ clock: systemClock, dialer, operatorUrl: options.discoveryUrl, service: 'identity provider' });
  const provider = createIdentityProvider(options, { clock: systemClock, random: systemRandom, fetch });
  people = await startPeople({ ...(more.clock && { clock: more.clock }), people: { provider, ...(more.roleRules && { roleRules: more.roleRules }) } });
  return people;
}

/** From the button to where the browser ends up. */
async function signInThere(browser: TestBrowser, body: object = {}): Promise<string> {
  return finish(browser, await begin(browser, body));
}

async function begin(browser: TestBrowser, body: object = {}): Promise<string> {
  const begun = await browser.ask('POST', '/api/v1/sign-in/provider', { body });
  if (begun.status !== 200) throw new Error(begun.text);
  return oidc.visit(String(begun.body['location']));
}

async function finish(browser: TestBrowser, back: string): Promise<string> {
  const answer = await browser.ask('GET', back);
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).toBe(answer.body['location']);
  return String(answer.body['location']);
}

async function me(browser: TestBrowser): Promise<unknown> {
  return (await browser.ask('GET', '/api/v1/me')).body['user'];
}

describe('a person whom the provider knows', () => {
  test('[AD-06] becomes a member at the first sign-in and is the same user at the next', async () => {
    const { newBrowser } = await start();
    const browser = newBrowser();
    const begun = await browser.ask('POST', '/api/v1/sign-in/provider', { body: { returnTo: '/servers?x=1' } });
    const sent = new URL(String(begun.body['location']));
    expect(Object.fromEntries(sent.searchParams)).toMatchObject({ response_type: 'code', scope: 'openid email profile', code_challenge_method: 'S256', state: expect.stringMatching(/^[\w-]{43}$/), nonce: expect.stringMatching(/^[\w-]{43}$/) });
    expect(await finish(browser, await oidc.visit(sent.href))).toBe('/servers?x=1');
    expect(await me(browser)).toMatchObject({ email: 'ada@example.com', name: 'Ada', role: 'member', hasPassword: false });
    expect(browser.setCookies.find((line) => line.startsWith('__Host-metamcp-flow=') && !line.includes('Max-Age=0'))).toMatch(/HttpOnly; SameSite=Lax; Secure; Max-Age=600$/);

    oidc.person = { ...ADA, email: 'other@example.com', name: 'Renamed' };
    const again = newBrowser();
    await signInThere(again);
    expect(await me(again)).toMatchObject({ id: ((await me(browser)) as { id: string }).id });
  });

  test('[AD-06] never becomes an existing user of the same e-mail address, unless that user ties the login to itself', async () => {
    const { newBrowser, operator } = await start();
    oidc.person = { ...ADA, email: 'op@example.com' };
    const browser = newBrowser();
    expect(await signInThere(browser)).toBe('/sign-in?refused=email_taken');
    expect((await browser.ask('GET', '/api/v1/me')).status).toBe(401);

    const begun = await operator.ask('POST', '/api/v1/me/provider', { body: { purpose: 'link', returnTo: '/profile' } });
    expect(await finish(operator, await oidc.visit(String(begun.body['location'])))).toBe('/profile');
    await signInThere(browser);
    expect(await me(browser)).toMatchObject({ email: 'op@example.com', role: 'operator' });
  });

  test('[AD-06] gets no e-mail address that the provider does not vouch for', async () => {
    const { newBrowser } = await start();
    oidc.person = { sub: 'eve', email: 'op@example.com', email_verified: false, name: 'Eve' };
    const browser = newBrowser();
    await signInThere(browser);
    expect(await me(browser)).toMatchObject({ email: null, name: 'Eve', role: 'member' });
  });

  test('is not let in where SSO sign-up is off, but with an invitation for the right address', async () => {
    const { newBrowser, operator } = await start();
    await operator.ask('PUT', '/api/v1/settings/registration', { body: { formSignUp: false, ssoSignUp: false, passwordSignIn: true } });
    const browser = newBrowser();
    expect(await signInThere(browser)).toBe('/sign-in?refused=sign_up_closed');
    const invite = async (body: object): Promise<string> => tokenOf((await operator.ask('POST', '/api/v1/invitations', { body })).body['link']);
    expect(await signInThere(browser, { link: await invite({ email: 'eve@example.com' }) })).toBe('/sign-in?refused=other_email');
    const link = await invite({ email: 'ada@example.com', role: 'auditor' });
    expect(await signInThere(browser, { link })).toBe('/');
    expect(await me(browser)).toMatchObject({ role: 'auditor' });
    await browser.ask('POST', '/api/v1/sign-out');
    expect(await signInThere(browser)).toBe('/');
    oidc.person = { ...ADA, sub: 'bob', email: 'bob@example.com' };
    expect((await newBrowser().ask('POST', '/api/v1/sign-in/provider', { body: { link } })).status).toBe(404);
  });

  test('who is shut out is refused', async () => {
    const { newBrowser, operator } = await start();
    const browser = newBrowser();
    await signInThere(browser);
    const { id } = (await me(browser)) as { id: string };
    await operator.ask('PATCH', `/api/v1/users/${id}`, { body: { isDisabled: true } });
    expect(await signInThere(newBrowser())).toBe('/sign-in?refused=disabled');
  });

  test('has the role its groups give at each sign-in, and the last operator stays one', async () => {
    const { newBrowser, services } = await start({ roleRules: { groupsClaim: 'groups', roleOfGroup: [['ops', 'operator'], ['staff', 'admin']] } });
    const roleWith = async (groups: string[]): Promise<unknown> => {
      oidc.person = { ...ADA, groups };
      const browser = newBrowser();
      await signInThere(browser);
      return ((await me(browser)) as { role: string }).role;
    };
    expect(await roleWith(['staff'])).toBe('admin');
    expect(await roleWith(['ops', 'staff'])).toBe('operator');
    await services.storage.db.updateTable('user').set({ role: 'member' }).where('email', '=', 'op@example.com').execute();
    expect(await roleWith([])).toBe('operator');
    await services.storage.db.updateTable('user').set({ role: 'operator' }).where('email', '=', 'op@example.com').execute();
    expect(await roleWith([])).toBe('member');
  });
});

describe('[CD-04] the way back', () => {
  test('works once, within ten minutes, and with the state that was given', async () => {
    const clock = new MovableClock();
    const { newBrowser } = await start({ clock });
    const browser = newBrowser();
    const back = await begin(browser);
    const flow = browser.cookies.get('__Host-metamcp-flow') ?? '';
    const withFlow = (address: string) => newBrowser().ask('GET', address, { headers: { cookie: `__Host-metamcp-flow=${flow}` } });
    for (const [change, refused] of [
      [(query: URLSearchParams) => query.delete('state'), 'flow_unknown'],
      [(query: URLSearchParams) => query.set('state', 'made-up'), 'flow_unknown'],
    ] as const) {
      const url = new URL(back);
      change(url.searchParams);
      expect((await withFlow(url.href)).body['location']).toBe(`/sign-in?refused=${refused}`);
    }
    expect((await withFlow(back)).body['location']).toBe('/');
    const again = await withFlow(back);
    expect([again.body['location'], again.headers.getSetCookie().some((line) => line.startsWith(COOKIE))]).toEqual(['/sign-in?refused=flow_unknown', false]);

    const late = await begin(browser);
    await clock.move(600_000);
    expect(await finish(browser, late)).toBe('/sign-in?refused=flow_unknown');
  });

  test('[CD-05] works only in the browser that began it, and uses the sign-in up for whoever stole it', async () => {
    const { newBrowser } = await start();
    const victim = newBrowser();
    const attacker = newBrowser();
    const back = await begin(attacker);
    expect(await finish(victim, back)).toBe('/sign-in?refused=other_browser');
    await begin(victim);
    expect(await finish(victim, await begin(attacker))).toBe('/sign-in?refused=other_browser');
    expect((await victim.ask('GET', '/api/v1/me')).status).toBe(401);
    expect(await finish(attacker, back)).toBe('/sign-in?refused=flow_unknown');
  });

  test('[CD-05] ties no login to a user who signed out meanwhile, nor to the one who signed in instead', async () => {
    const { operator, join, services } = await start();
    const begun = await operator.ask('POST', '/api/v1/me/provider', { body: { purpose: 'link' } });
    const back = await oidc.visit(String(begun.body['location']));
    const flow = operator.cookies.get('__Host-metamcp-flow') ?? '';
    await operator.ask('POST', '/api/v1/sign-out');
    const member = await join('member');
    const answer = await member.ask('GET', back, { headers: { cookie: `${COOKIE}=${member.cookies.get(COOKIE)}; __Host-metamcp-flow=${flow}` } });
    expect(answer.body['location']).toBe('/sign-in?refused=sign_in_ended');
    expect(await services.storage.db.selectFrom('provider_user').selectAll().execute()).toEqual([]);
  });

  test('[AD-06] is refused with a code, an issuer or a nonce that are not those of this sign-in', async () => {
    const { newBrowser, reports } = await start();
    const browser = newBrowser();
    for (const change of [(query: URLSearchParams) => query.set('code', 'made-up'), (query: URLSearchParams) => query.set('iss', 'https://evil.example'), (query: URLSearchParams) => query.delete('iss'), (query: URLSearchParams) => query.set('error', 'access_denied')]) {
      const url = new URL(await begin(browser));
      change(url.searchParams);
      expect(await finish(browser, url.href)).toBe('/sign-in?refused=identity_provider');
    }
    // A code of another sign-in was made for another nonce and verifier.
    const other = new URL(await begin(newBrowser())).searchParams.get('code') ?? '';
    const url = new URL(await begin(browser));
    url.searchParams.set('code', other);
    expect(await finish(browser, url.href)).toBe('/sign-in?refused=identity_provider');
    expect(reports).toHaveLength(5);
    expect((await browser.ask('GET', '/api/v1/me')).status).toBe(401);
  });

  test('leads nowhere else than to a path of ours', async () => {
    const { newBrowser } = await start();
    for (const returnTo of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/a\nb']) {
      expect((await newBrowser().ask('POST', '/api/v1/sign-in/provider', { body: { returnTo } })).status).toBe(400);
    }
  });
});

describe('the provider', () => {
  test('that is down at the start or later is asked anew at the next sign-in', async () => {
    await oidc.stop();
    const { newBrowser } = await start();
    const browser = newBrowser();
    const refused = await browser.ask('POST', '/api/v1/sign-in/provider', { body: {} });
    expect([refused.status, refused.body['reason']]).toEqual([502, 'identity_provider']);
    expect((await browser.ask('GET', '/api/v1/sign-in')).body).toMatchObject({ provider: { id: 'sso' } });
    await oidc.start();
    expect(await signInThere(browser)).toBe('/');
  });

  test('[AD-06] that says it is another issuer than its address is not trusted, unless that issuer is configured', async () => {
    const { newBrowser } = await start({ provider: { issuer: 'https://id.example' } });
    expect((await newBrowser().ask('POST', '/api/v1/sign-in/provider', { body: {} })).body).toMatchObject({ reason: 'identity_provider', title: 'The identity provider is not the one that is configured.' });
  });

  test('confirms who one is for what is far-reaching, but not with another person', async () => {
    const clock = new MovableClock();
    const { operator, services } = await start({ clock });
    const step = async (purpose: string): Promise<string> => {
      const begun = await operator.ask('POST', '/api/v1/me/provider', { body: { purpose } });
      return finish(operator, await oidc.visit(String(begun.body['location'])));
    };
    await step('link');
    await clock.move(6 * 60_000);
    const define = () => operator.ask('POST', '/api/v1/servers', { body: { name: 'shell', config: { command: '/bin/sh' } } });
    expect((await define()).body).toMatchObject({ code: 'auth.reauthentication_needed' });
    oidc.person = { ...ADA, sub: 'eve' };
    expect(await step('reauthentication')).toBe('/sign-in?refused=other_person');
    expect((await define()).status).toBe(403);
    oidc.person = ADA;
    expect(await step('reauthentication')).toBe('/');
    expect((await define()).status).toBe(201);
    const { id } = (await me(operator)) as { id: string };
    expect(await findUser(services.storage.db, id)).toMatchObject({ role: 'operator' });
  });
});
