import { afterEach, expect, test } from 'vitest';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import { startPeople, type TestPeople } from '../../../test/support/start-people.ts';
import type { People } from '../../model/oauth.ts';
import { transact } from '../../storage/transaction.ts';
import { insertProviderUser } from '../../storage/provider-users.ts';
import { createOAuthPeople } from './oauth-people.ts';

const COOKIE = '__Host-metamcp-sign-in';
let people: TestPeople;

afterEach(() => people.close());

async function start(): Promise<{ readonly clock: MovableClock; readonly oauth: People }> {
  const clock = new MovableClock();
  people = await startPeople({ clock });
  return { clock, oauth: createOAuthPeople({ ...people.services, isSecureHost: people.services.people.isSecureHost }) };
}

test('who is signed in is known by the cookie, with role and groups, until the sign-in ends', async () => {
  const { clock, oauth } = await start();
  const member = await people.join('member');
  const groups = ['staff', 'ops'];
  await transact(people.services.storage.db, (tx) => insertProviderUser(tx, { issuer: 'https://id.example', subject: 's', userId: member.userId, groups, linkedAtMs: 1 }));
  const headers = { host: '127.0.0.1:12008', cookie: `a=b; ${COOKIE}=${member.cookies.get(COOKIE)}` };
  const user = { userId: member.userId, name: 'member@example.com', roles: ['member'], groups };
  expect(await oauth.signedIn({ headers })).toEqual({ ...user, through: 'password' });
  expect(await oauth.findUser(member.userId)).toEqual(user);
  for (const other of [{}, { ...headers, cookie: `${COOKIE}=x` }, { ...headers, cookie: `metamcp-sign-in=${member.cookies.get(COOKIE)}` }, { ...headers, host: 'lan.example' }]) expect(await oauth.signedIn({ headers: other })).toBeUndefined();
  await clock.move(30 * 60_000);
  expect(await oauth.signedIn({ headers })).toBeUndefined();
});

test('who is shut out is nobody, and nothing is refreshed for them', async () => {
  const { oauth } = await start();
  const member = await people.join('member');
  await people.operator.ask('PATCH', `/api/v1/users/${member.userId}`, { body: { isDisabled: true } });
  expect(await oauth.signedIn({ headers: { host: '127.0.0.1:12008', cookie: `${COOKIE}=${member.cookies.get(COOKIE)}` } })).toBeUndefined();
  expect(await oauth.findUser(member.userId)).toBeUndefined();
  expect(await oauth.findUser('usr_none')).toBeUndefined();
});

test('the page for signing in is told where to go on', async () => {
  const { oauth } = await start();
  expect(oauth.signInUrl('/oauth/consent/x?y=1', 'any')).toBe('/sign-in?next=%2Foauth%2Fconsent%2Fx%3Fy%3D1');
  expect(oauth.signInUrl('/a', 'oidc')).toBe('/sign-in?next=%2Fa&through=oidc');
});
