import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import type { Grant } from '../../model/grant.ts';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import type { Challenge } from './challenge.ts';
import { TokenHolder } from './token-holder.ts';

const HOUR_MS = 3_600_000;

function grantAt(clock: MovableClock, accessToken: string, more: Partial<Grant> = {}): Grant {
  return {
    id: 'grant_1',
    server: 'notes',
    principal: 'key:a',
    issuer: 'https://as.example',
    resource: 'https://notes.example/mcp',
    scope: 'read',
    accessToken,
    refreshToken: 'refresh',
    expiresAtMs: clock.nowMs() + HOUR_MS,
    client: { clientId: 'us', clientSecret: undefined, authMethod: undefined },
    createdAtMs: clock.nowMs(),
    updatedAtMs: clock.nowMs(),
    ...more,
  };
}

function setup(renew: (former: Grant | undefined) => Promise<Grant | undefined>, more: Partial<Grant> = {}) {
  const clock = new MovableClock();
  const dropped: string[] = [];
  const renewals: (string | undefined)[] = [];
  const holder = new TokenHolder({
    server: 'notes',
    clock,
    load: () => Promise.resolve(grantAt(clock, 'first', more)),
    renew: (former) => {
      renewals.push(former?.accessToken);
      return renew(former);
    },
    drop: (grant) => {
      dropped.push(grant.accessToken);
      return Promise.resolve();
    },
    report: () => undefined,
  });
  return { clock, holder, dropped, renewals };
}

const REFUSED: Challenge = { status: 401, metadataUrl: undefined, scope: undefined, error: 'invalid_token' };
const OUTAGE = new Error('connect ECONNREFUSED');

test('a token is renewed a minute before its end, once for all who wait', async () => {
  const made = setup(() => Promise.resolve(grantAt(made.clock, 'second')));
  expect(await made.holder.token()).toBe('first');
  await made.clock.move(HOUR_MS - 60_001);
  expect(await made.holder.token()).toBe('first');
  await made.clock.move(1);
  expect(await Promise.all(Array.from({ length: 200 }, () => made.holder.token()))).toEqual(Array.from({ length: 200 }, () => 'second'));
  expect(made.renewals).toEqual(['first']);
});

test('a renewal that fails for now keeps the token until its end, asks again after a rest, and never drops the grant', async () => {
  let isDown = true;
  const made = setup(() => (isDown ? Promise.reject(OUTAGE) : Promise.resolve(grantAt(made.clock, 'second'))));
  await made.holder.token();
  await made.clock.move(HOUR_MS - 50_000);
  expect(await made.holder.token()).toBe('first');
  expect(await made.holder.token()).toBe('first');
  expect(made.renewals).toHaveLength(1);
  await made.clock.move(10_000);
  expect(await made.holder.token()).toBe('first');
  expect(made.renewals).toHaveLength(2);
  await made.clock.move(50_000);
  await expect(made.holder.token()).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'authorization_server' });
  isDown = false;
  expect(await made.holder.token()).toBe('second');
  expect(made.dropped).toEqual([]);
});

test('the word of the issuer that the grant is gone ends it, and a person must sign in', async () => {
  const made = setup(() => Promise.reject(new OAuthError(OAuthErrorCode.InvalidGrant, 'no more')));
  await made.holder.token();
  expect(await made.holder.refused('first', REFUSED)).toBe('sign_in');
  expect(made.dropped).toEqual(['first']);
  expect(await made.holder.token()).toBeUndefined();
});

test('a token that was just renewed and is refused again is not renewed for ever', async () => {
  const made = setup(() => Promise.resolve(grantAt(made.clock, `renewed ${made.renewals.length}`)));
  await made.holder.token();
  expect(await made.holder.refused('first', REFUSED)).toBe('again');
  expect(await made.holder.refused('renewed 1', REFUSED)).toBe('sign_in');
  expect(made.renewals).toHaveLength(1);
});

test('a token that was taken in between may be renewed again', async () => {
  const made = setup(() => Promise.resolve(grantAt(made.clock, `renewed ${made.renewals.length}`)));
  await made.holder.token();
  await made.holder.refused('first', REFUSED);
  made.holder.accepted('renewed 1');
  expect(await made.holder.refused('renewed 1', REFUSED)).toBe('again');
});

test('[OC-11] more scopes need a person, and scopes that were asked for already help nobody', async () => {
  const made = setup(() => Promise.resolve(undefined));
  await made.holder.token();
  const more: Challenge = { status: 403, metadataUrl: undefined, scope: 'write', error: 'insufficient_scope' };
  expect(await made.holder.refused('first', more)).toBe('sign_in');
  expect(made.holder.challenge).toBe(more);
  expect(await made.holder.refused('first', { ...more, scope: 'read' })).toBe('forbidden');
  expect(made.dropped).toEqual([]);
});

test('whoever was refused with an older token just takes the present one', async () => {
  const made = setup(() => Promise.reject(OUTAGE));
  await made.holder.token();
  expect(await made.holder.refused(undefined, REFUSED)).toBe('again');
  expect(made.renewals).toEqual([]);
});
