import { describe, expect, test } from 'vitest';
import { ROLES } from '../model/role.ts';
import { PERMISSIONS } from './operation.ts';
import { GRANTS, permissionsOf, reauthPermissionsOf } from './roles.ts';

/** What changes something, or shows a secret. */
const CHANGING = /:(write|create|revoke|operate|call|end|define|rotate|begin|withdraw)$/;

test('every permission has a row, and the operator has every one', () => {
  expect(Object.keys(GRANTS).sort()).toEqual([...PERMISSIONS].sort());
  expect(new Set(permissionsOf('operator'))).toEqual(new Set(PERMISSIONS));
});

test('an auditor reads everything and changes nothing but its own profile', () => {
  const auditor = permissionsOf('auditor');
  expect(auditor.filter((permission) => CHANGING.test(permission))).toEqual(['self:write']);
  expect(auditor).toEqual(expect.arrayContaining(PERMISSIONS.filter((permission) => permission.endsWith(':read'))));
  expect(auditor).toContain('private:all');
});

test('a member reaches its own and public objects only, changes no public ones, and sees no people, logs or settings', () => {
  const member = permissionsOf('member');
  for (const permission of ['private:all', 'public:write', 'process:define', 'config:read', 'config:write', 'settings:read', 'user:read', 'log:read', 'audit:read'] as const) expect(member).not.toContain(permission);
});

test('an admin neither defines processes nor sets the instance', () => {
  const missing = permissionsOf('operator').filter((permission) => !permissionsOf('admin').includes(permission));
  expect(missing).toEqual(expect.arrayContaining(['config:write', 'settings:write', 'process:define']));
  expect(missing.every((permission) => CHANGING.test(permission))).toBe(true);
});

describe.each(ROLES)('%s', (role) => {
  test('has a right that needs a fresh proof only where the table says so', () => {
    expect(reauthPermissionsOf(role).every((permission) => GRANTS[permission].needsReauth === true && permissionsOf(role).includes(permission))).toBe(true);
  });
});
