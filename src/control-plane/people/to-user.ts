import type { Me } from '../../contract/sign-in.ts';
import type { User } from '../../contract/users.ts';
import { toIso } from '../../base/clock.ts';
import { permissionsOf } from '../../contract/roles.ts';
import type { StoredProviderUser } from '../../storage/provider-users.ts';
import type { StoredSignIn } from '../../storage/sign-ins.ts';
import type { StoredUser } from '../../storage/users.ts';
import { endOf, REAUTH_MS } from './sign-in-life.ts';

/** A stored user as the admin API shows it. */
export function toUser(user: StoredUser): User {
  return {
    id: user.id,
    email: user.email ?? null,
    name: user.name,
    role: user.role,
    isDisabled: user.disabledAtMs !== undefined,
    hasPassword: user.passwordHash !== undefined,
    createdAt: toIso(user.createdAtMs),
    lastSignInAt: user.lastSignInAtMs === undefined ? null : toIso(user.lastSignInAtMs),
  };
}

export function toMe(user: StoredUser, signIn: StoredSignIn, providers: readonly StoredProviderUser[]): Me {
  return {
    kind: 'user',
    user: toUser(user),
    permissions: permissionsOf(user.role),
    reauthUntil: toIso(signIn.reauthAtMs + REAUTH_MS),
    signedInUntil: toIso(endOf(signIn)),
    providers: providers.map(({ issuer, groups }) => ({ issuer, groups: [...groups] })),
  };
}
