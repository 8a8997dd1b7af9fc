import { describe, expect, test } from 'vitest';
import type { Role } from '../model/role.ts';
import { type Claims, roleOf, type RoleRules, toPerson } from './provider-claims.ts';

interface Shape {
  readonly provider: string;
  readonly claims: Claims;
  readonly groupsClaim: string;
  readonly email: string | undefined;
  readonly name: string;
  readonly groups: readonly string[];
}

/** As the providers send them; names and ids are invented. */
const SHAPES: readonly Shape[] = [
  {
    provider: 'Auth0',
    claims: { iss: 'https://acme.eu.auth0.com/', sub: 'auth0|65f0', name: 'Ada L', nickname: 'ada', email: 'Ada@Example.com', email_verified: true, 'https://acme.example/roles': ['mcp-operators', 'staff'], sid: 's1' },
    groupsClaim: 'https://acme.example/roles',
    email: 'ada@example.com',
    name: 'Ada L',
    groups: ['mcp-operators', 'staff'],
  },
  {
    provider: 'Keycloak',
    claims: { iss: 'https://id.example/realms/acme', sub: '1f0c', preferred_username: 'ada', email: 'ada@example.com', email_verified: false, realm_access: { roles: ['offline_access', 'mcp-operators'] }, resource_access: { account: { roles: ['view-profile'] } } },
    groupsClaim: 'realm_access.roles',
    email: undefined,
    name: 'ada',
    groups: ['offline_access', 'mcp-operators'],
  },
  {
    provider: 'Entra',
    claims: { iss: 'https://login.microsoftonline.com/0000/v2.0', sub: 'AAAA', oid: 'o-1', tid: '0000', name: 'Ada Lovelace', email: 'ada@contoso.example', preferred_username: 'ada@contoso.example', groups: ['3f1c-0001', '3f1c-0002'], roles: ['Mcp.Operator'] },
    groupsClaim: 'roles',
    email: undefined,
    name: 'Ada Lovelace',
    groups: ['Mcp.Operator'],
  },
  {
    provider: 'Entra with xms_edov',
    claims: { sub: 'AAAA', name: 'Ada', email: 'ada@contoso.example', xms_edov: '1', _claim_names: { groups: 'src1' } },
    groupsClaim: 'groups',
    email: 'ada@contoso.example',
    name: 'Ada',
    groups: [],
  },
  { provider: 'Google', claims: { iss: 'https://accounts.google.com', sub: '1098', hd: 'example.com', email: 'ada@example.com', email_verified: true, name: 'Ada', picture: 'https://x.example/p' }, groupsClaim: 'groups', email: 'ada@example.com', name: 'Ada', groups: [] },
  { provider: 'Okta', claims: { iss: 'https://acme.okta.com/oauth2/default', sub: '00u1', email: 'ada@example.com', email_verified: 'true', groups: ['Everyone', 'mcp-operators'], preferred_username: 'ada@example.com' }, groupsClaim: 'groups', email: 'ada@example.com', name: 'ada@example.com', groups: ['Everyone', 'mcp-operators'] },
  { provider: 'one that sends a single text', claims: { sub: 's', groups: 'a b,c' }, groupsClaim: 'groups', email: undefined, name: 's', groups: ['a', 'b', 'c'] },
  { provider: 'one that sends nonsense', claims: { sub: 's', name: 'A\u0000\nB', email: ['x@example.com'], email_verified: true, groups: [1, null, 'ok', { a: 1 }] }, groupsClaim: 'groups', email: undefined, name: 'A  B', groups: ['ok'] },
];

describe.each(SHAPES)('of $provider', ({ claims, groupsClaim, email, name, groups }) => {
  test('the person is read as it was meant, with an e-mail address only where it is vouched for', () => {
    expect(toPerson(claims, { groupsClaim, roleOfGroup: [] })).toEqual({ email, name, groups });
  });
});

test('the first rule that fits decides; no rule, no role', () => {
  const rules: RoleRules = { groupsClaim: 'groups', roleOfGroup: [['ops', 'operator'], ['staff', 'admin']] satisfies [string, Role][] };
  expect(roleOf({ groups: ['staff', 'ops'] }, rules)).toBe('operator');
  expect(roleOf({ groups: ['staff'] }, rules)).toBe('admin');
  expect(roleOf({ groups: ['Ops', 'ops2'] }, rules)).toBeUndefined();
  expect(roleOf({ groups: [] }, rules)).toBeUndefined();
});

test('a path through claims finds nothing that was inherited', () => {
  expect(toPerson({ sub: 's' }, { groupsClaim: '__proto__.constructor', roleOfGroup: [] }).groups).toEqual([]);
  expect(toPerson({ sub: 's' }, { groupsClaim: 'constructor.name', roleOfGroup: [] }).groups).toEqual([]);
});
