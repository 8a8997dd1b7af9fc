import { expect, test } from 'vitest';
import { createFindCurrentPrincipal, type CurrentPrincipalDeps } from './current-principal.ts';
import { ANONYMOUS, type Principal } from '../model/principal.ts';

const ADA = { userId: 'usr_1', name: 'Ada', roles: ['member'], groups: ['ops'] };
const KEY = { id: 'key_1', name: 'ci', endpoints: ['*'], expiresAtMs: undefined, labels: { stage: 'test' }, tools: ['files__*'] };

function find(principal: Principal, deps: Partial<CurrentPrincipalDeps> = {}): Promise<Principal | undefined> {
  return createFindCurrentPrincipal({ findUser: async (id) => (id === ADA.userId ? ADA : undefined), keys: () => [KEY], isGrantAlive: async () => true, ...deps })(principal);
}

test('[AZ-16] a user has the roles and groups of now, however it came', async () => {
  const began: Principal = { kind: 'user', id: 'usr_1', credentialId: 'signin_1', name: 'Ada L.', roles: ['operator'] };
  expect(await find(began)).toEqual({ ...began, name: 'Ada', roles: ['member'], groups: ['ops'] });
  const byToken: Principal = { ...began, id: 'user:usr_1', credentialId: 'grant:abc', client: 'claude' };
  expect(await find(byToken)).toEqual({ ...byToken, name: 'Ada', roles: ['member'], groups: ['ops'] });
});

test('[AZ-16] who is gone or disabled, whose consent was withdrawn, or whose key is not there any more is nobody', async () => {
  expect(await find({ kind: 'user', id: 'usr_2', credentialId: 'signin_2', name: 'Bo', roles: ['operator'] })).toBeUndefined();
  expect(await find({ kind: 'user', id: 'user:usr_1', credentialId: 'grant:abc', name: 'Ada' }, { isGrantAlive: async (digest) => digest !== 'abc' })).toBeUndefined();
  expect(await find({ kind: 'key', id: 'key:key_2', credentialId: 'key_2', name: 'old' })).toBeUndefined();
});

test('a key has the labels and tools of now', async () => {
  const began: Principal = { kind: 'key', id: 'key:key_1', credentialId: 'key_1', name: 'ci', labels: { stage: 'prod' } };
  expect(await find(began)).toEqual({ ...began, labels: { stage: 'test' }, tools: ['files__*'] });
});

test('the operator token, whoever needs no credential, and users of outside issuers stay who they are', async () => {
  const operator: Principal = { kind: 'operator', id: 'operator', credentialId: 'operator', name: 'operator' };
  const outside: Principal = { kind: 'user', id: 'jwt:0123456789abcdef:ann', credentialId: 'jwt:0123456789abcdef:ann:app', name: 'Ann', groups: ['a'] };
  for (const principal of [operator, ANONYMOUS, outside]) expect(await find(principal)).toBe(principal);
});
