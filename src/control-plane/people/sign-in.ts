import { Fault } from '../../base/fault.ts';
import { SignIn } from '../../contract/sign-in.ts';
import { query } from '../../storage/transaction.ts';
import { findUserByEmail, updateUser } from '../../storage/users.ts';
import { bindSteps } from '../operation.ts';
import { isDeviceOf } from './device.ts';
import { toStoredEmail } from './email.ts';
import { readRegistration } from '../configuration/registration-rules.ts';
import { startSignIn } from './start-sign-in.ts';

/**
 * Signs in by password. An address that nobody has, a wrong password and a user who was shut out make the same answer
 * after the same work; only the audit event tells them apart.
 */
export const signIn = bindSteps(SignIn, async ({ body, browser, services, commit }) => {
  const { storage, people } = services;
  const email = toStoredEmail(body.email);
  const user = await query(storage.db, (db) => findUserByEmail(db, email));
  const attempt = { address: browser.address, name: email, isKnownDevice: isDeviceOf(browser.cookie('device'), user?.id, services) };
  people.throttle.begin(attempt);

  const isRight = await people.passwords.verify(body.password, user?.passwordHash);
  if (!isRight || user === undefined || user.disabledAtMs !== undefined || !readRegistration(services).passwordSignIn) {
    await commit(async () => ({ result: undefined, event: { subject: user?.id ?? '', outcome: 'denied', detail: { address: browser.address } } }));
    throw new Fault('auth.credential_invalid', { message: 'The e-mail address or the password is not right.', reason: 'sign_in' });
  }

  people.throttle.succeeded(attempt);
  const isOutdated = user.passwordHash !== undefined && people.passwords.isOutdated(user.passwordHash);
  const passwordHash = isOutdated ? await people.passwords.hash(body.password) : undefined;
  return commit(async (tx) => {
    if (passwordHash !== undefined) await updateUser(tx, user.id, { passwordHash });
    const me = await startSignIn(tx, { user, method: 'password' }, { browser, services });
    return { result: me, event: { subject: user.id, principal: user.id, detail: { address: browser.address } } };
  });
});
