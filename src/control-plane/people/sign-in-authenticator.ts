/**
 * The cookie of a sign-in → administrator. A change that comes with a cookie must come from a page of ours: its `Origin`
 * is checked before, and a header that no foreign page can send unasked says so once more (OWASP, CSRF prevention).
 */
import type { InstanceKey } from '../../auth/instance-key.ts';
import { readCookie } from '../../auth/cookies.ts';
import { digestOf } from '../../auth/keys.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Permission } from '../../contract/operation.ts';
import { permissionsOf, reauthPermissionsOf } from '../../contract/roles.ts';
import { PAGE_HEADER } from '../../contract/page-header.ts';
import { deleteSignIn, findSignIn, type StoredSignIn, updateSignIn } from '../../storage/sign-ins.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { query } from '../../storage/transaction.ts';
import type { StoredUser } from '../../storage/users.ts';
import type { Administrator, Authenticate } from '../identify.ts';
import { endOf, REAUTH_MS } from './sign-in-life.ts';

export interface SignInAuthenticatorDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly instanceKey: InstanceKey;
  readonly isSecureHost: (host: string | null) => boolean;
}

/** Each request would be a write otherwise. */
const SEEN_STEP_MS = 60_000;

/** Throws `auth.credential_invalid` for a sign-in that ended, `request.origin_refused` for a change that no page of ours sent. */
export function signInAuthenticator(deps: SignInAuthenticatorDeps): Authenticate {
  const { storage, clock, instanceKey, isSecureHost } = deps;
  return async (headers, method) => {
    const value = readCookie(headers.get('cookie'), 'sign-in', isSecureHost(headers.get('host')));
    if (value === undefined) return 'absent';
    const found = await query(storage.db, (db) => findSignIn(db, digestOf(instanceKey.pepper, value)));
    if (found === undefined || found.user.disabledAtMs !== undefined) throw ended();
    const { signIn, user } = found;
    const nowMs = clock.nowMs();
    if (nowMs >= endOf(signIn)) {
      await query(storage.db, (db) => deleteSignIn(db, signIn.id));
      throw ended();
    }
    if (method !== 'GET' && method !== 'HEAD') refuseForeignPage(headers);
    if (nowMs - signIn.lastSeenAtMs >= SEEN_STEP_MS) await query(storage.db, (db) => updateSignIn(db, signIn.id, { lastSeenAtMs: nowMs }));
    return toAdministrator(user, signIn, nowMs);
  };
}

function refuseForeignPage(headers: Headers): void {
  if (headers.get('origin') !== null && headers.get(PAGE_HEADER) !== null) return;
  throw new Fault('request.origin_refused', { message: `A change with a cookie needs the headers Origin and ${PAGE_HEADER}.`, reason: 'page_header_missing' });
}

function ended(): Fault {
  return new Fault('auth.credential_invalid', { message: 'This sign-in has ended.', reason: 'sign_in_ended' });
}

function toAdministrator(user: StoredUser, signIn: StoredSignIn, nowMs: number): Administrator {
  const isFresh = nowMs - signIn.reauthAtMs <= REAUTH_MS;
  return {
    principal: { kind: 'user', id: user.id, credentialId: signIn.id, name: user.name, roles: [user.role] },
    permissions: new RolePermissions(permissionsOf(user.role), isFresh ? [] : reauthPermissionsOf(user.role)),
  };
}

/** What a role may do. Asking for a permission that waits for a fresh proof says so, wherever it is asked for. */
class RolePermissions extends Set<Permission> {
  readonly #waiting: ReadonlySet<Permission>;

  constructor(permissions: readonly Permission[], waiting: readonly Permission[]) {
    super();
    this.#waiting = new Set(waiting);
    for (const permission of permissions) this.add(permission);
  }

  /** Throws `auth.reauthentication_needed`. */
  override has(permission: Permission): boolean {
    if (this.#waiting.has(permission)) throw new Fault('auth.reauthentication_needed', { detail: permission });
    return super.has(permission);
  }
}
