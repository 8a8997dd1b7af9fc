/** The people of this gateway as its authorization server asks for them. */
import { type createIsSecureHost, readCookie } from '../../auth/cookies.ts';
import type { InstanceKey } from '../../auth/instance-key.ts';
import { digestOf } from '../../auth/keys.ts';
import type { Clock } from '../../base/clock.ts';
import type { People, SignedInUser } from '../../model/oauth.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { findProviderUser, listProviderUsers } from '../../storage/provider-users.ts';
import type { Db } from '../../storage/schema.ts';
import { findSignIn } from '../../storage/sign-ins.ts';
import { query } from '../../storage/transaction.ts';
import { findUser, type StoredUser } from '../../storage/users.ts';
import { endOf } from './sign-in-life.ts';

export interface OAuthPeopleDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly instanceKey: InstanceKey;
  readonly isSecureHost: ReturnType<typeof createIsSecureHost>;
}

/**
 * The cookie of a sign-in is not sent where another site led the browser here. Then nobody seems signed in, the browser
 * goes to the page for that, which is ours, sees who is, and comes back with the cookie.
 */
export function createOAuthPeople({ storage, clock, instanceKey, isSecureHost }: OAuthPeopleDeps): People {
  return {
    async signedIn(http) {
      const value = readCookie(single(http.headers['cookie']), 'sign-in', isSecureHost(single(http.headers['host'])));
      if (value === undefined) return undefined;
      return query(storage.db, async (db) => {
        const found = await findSignIn(db, digestOf(instanceKey.pepper, value));
        if (found === undefined || found.user.disabledAtMs !== undefined || clock.nowMs() >= endOf(found.signIn)) return undefined;
        const through = found.signIn.method.startsWith('provider:') ? 'oidc' : 'password';
        return { ...(await toSignedIn(db, found.user)), through };
      });
    },
    findUser: (userId) =>
      query(storage.db, async (db) => {
        const user = await findUser(db, userId);
        return user === undefined || user.disabledAtMs !== undefined ? undefined : toSignedIn(db, user);
      }),
    findByLogin: (issuer, subject) =>
      query(storage.db, async (db) => {
        const login = await findProviderUser(db, issuer, subject);
        const user = login === undefined ? undefined : await findUser(db, login.userId);
        return user === undefined || user.disabledAtMs !== undefined ? undefined : { ...(await toSignedIn(db, user)), through: 'oidc' };
      }),
    signInUrl: (next, through) => `/sign-in?next=${encodeURIComponent(next)}${through === 'oidc' ? '&through=oidc' : ''}`,
  };
}

/** Node joins cookies and lets no second host through; what comes as a list is nothing a browser sent. */
function single(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

/** Groups of all logins that are tied to the user, as their providers named them last. */
async function toSignedIn(db: Db, user: StoredUser): Promise<SignedInUser> {
  const groups = (await listProviderUsers(db, user.id)).flatMap((one) => one.groups);
  return { userId: user.id, name: user.name, roles: [user.role], groups: [...new Set(groups)] };
}
