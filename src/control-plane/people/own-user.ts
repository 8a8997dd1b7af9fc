import { Fault } from '../../base/fault.ts';
import type { Principal } from '../../model/principal.ts';
import type { Db } from '../../storage/schema.ts';
import { findSignInById, type StoredSignIn } from '../../storage/sign-ins.ts';
import { findUser, type StoredUser } from '../../storage/users.ts';

export interface Own {
  readonly user: StoredUser;
  readonly signIn: StoredSignIn;
}

/** The user who asks, and its sign-in. Throws `request.conflict` for the operator token, which belongs to no user. */
export async function getOwn(db: Db, principal: Principal): Promise<Own> {
  if (principal.kind !== 'user') throw new Fault('request.conflict', { message: 'The operator token belongs to no user: sign in to do this.', reason: 'no_user' });
  const user = await findUser(db, principal.id);
  const signIn = await findSignInById(db, principal.credentialId);
  // Ended since this request was let in.
  if (user === undefined || signIn === undefined) throw new Fault('auth.credential_invalid', { reason: 'sign_in_ended' });
  return { user, signIn };
}
