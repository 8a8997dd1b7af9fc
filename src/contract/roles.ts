/** What each role may do: the one table. A permission without a row does not compile. */
import type { Role } from '../model/role.ts';
import type { Permission } from './operation.ts';

interface Grant {
  readonly roles: readonly Role[];
  /** Only while the sign-in proved who it is within the last minutes. */
  readonly needsReauth?: true;
}

const EVERYONE: Grant = { roles: ['operator', 'admin', 'member', 'auditor'] };
/** Who works here; what is changed is one's own unless another permission says more. */
const WORKERS: Grant = { roles: ['operator', 'admin', 'member'] };
const OVERSEERS: Grant = { roles: ['operator', 'admin', 'auditor'] };
const ADMINS: Grant = { roles: ['operator', 'admin'] };
const OPERATOR: Grant = { roles: ['operator'] };

export const GRANTS: Readonly<Record<Permission, Grant>> = {
  'server:read': EVERYONE,
  'server:write': WORKERS,
  'server:operate': WORKERS,
  'server:call': WORKERS,
  'policy:read': EVERYONE,
  'policy:write': { ...WORKERS, needsReauth: true },
  'definition:read': EVERYONE,
  // Shows clients what a server says of its tools.
  'definition:decide': { ...WORKERS, needsReauth: true },
  'namespace:read': EVERYONE,
  'namespace:write': WORKERS,
  'endpoint:read': EVERYONE,
  'endpoint:write': WORKERS,
  'key:read': EVERYONE,
  'key:create': WORKERS,
  'key:revoke': WORKERS,
  // The whole configuration, everyone's private objects too.
  'config:read': OVERSEERS,
  // A file may define processes and policies.
  'config:write': { ...OPERATOR, needsReauth: true },
  'settings:read': OVERSEERS,
  // Opens sign-up and private networks.
  'settings:write': { ...OPERATOR, needsReauth: true },
  'session:read': EVERYONE,
  'session:end': WORKERS,
  'log:read': OVERSEERS,
  'audit:read': OVERSEERS,
  'inspection:open': WORKERS,
  // What a key or another user sees, and calls made as that.
  'inspection:as': { ...ADMINS, needsReauth: true },
  'playground:use': WORKERS,
  // Says where what is chatted goes, and with whose key.
  'playground:configure': { ...WORKERS, needsReauth: true },
  'self:read': EVERYONE,
  'self:write': EVERYONE,
  'user:read': OVERSEERS,
  'user:write': ADMINS,
  // Names of secrets; no answer has a value. A member's own stand in its servers, sealed and write-only.
  'secret:read': OVERSEERS,
  'secret:write': { ...ADMINS, needsReauth: true },
  'secret:rotate': { ...OPERATOR, needsReauth: true },
  // One's own; those of others with private:all.
  'grant:read': EVERYONE,
  'grant:begin': WORKERS,
  'grant:withdraw': WORKERS,
  // Everyone their own, overseers all: `private:all` decides.
  'traffic:read': EVERYONE,
  'price:read': EVERYONE,
  'price:write': ADMINS,
  // Calls of one's own keys, and those that a policy lets one decide.
  'approval:read': EVERYONE,
  'approval:decide': WORKERS,
  'approval:any': ADMINS,
  'limit:read': EVERYONE,
  // A limit of the instance holds for everybody.
  'limit:write': ADMINS,
  'public:write': ADMINS,
  'private:all': OVERSEERS,
  'process:define': { ...OPERATOR, needsReauth: true },
};

export function permissionsOf(role: Role): Permission[] {
  return permissions().filter((permission) => GRANTS[permission].roles.includes(role));
}

/** Of a role's permissions, those that ask for a fresh proof. */
export function reauthPermissionsOf(role: Role): Permission[] {
  return permissionsOf(role).filter((permission) => GRANTS[permission].needsReauth === true);
}

function permissions(): Permission[] {
  return Object.keys(GRANTS) as Permission[];
}
