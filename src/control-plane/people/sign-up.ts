import { Fault } from '../../base/fault.ts';
import { newId } from '../../base/ids.ts';
import { SignUp } from '../../contract/sign-in.ts';
import { insertUser, type StoredUser } from '../../storage/users.ts';
import { bindSteps } from '../operation.ts';
import { toStoredEmail } from './email.ts';
import { refuseWeakPassword } from './password-input.ts';
import { readRegistration } from '../configuration/registration-rules.ts';
import { startSignIn } from './start-sign-in.ts';

/** Makes a member by form, where the operator switched that on. The switch is asked again once the password was hashed. */
export const signUp = bindSteps(SignUp, async ({ body, browser, services, commit }) => {
  const { people, clock, random } = services;
  const isOpen = (): boolean => {
    const { formSignUp, passwordSignIn } = readRegistration(services);
    return formSignUp && passwordSignIn;
  };
  if (!isOpen()) throw closed();
  people.throttle.begin({ address: browser.address, name: 'sign-up', isKnownDevice: false });
  const email = toStoredEmail(body.email);
  refuseWeakPassword(body.password, [email, body.name]);

  const passwordHash = await people.passwords.hash(body.password);
  const user: StoredUser = { id: newId('usr', clock, random), email, name: body.name, role: 'member', passwordHash, createdAtMs: clock.nowMs(), lastSignInAtMs: undefined, disabledAtMs: undefined };
  return commit(async (tx) => {
    if (!isOpen()) throw closed();
    await insertUser(tx, user);
    const me = await startSignIn(tx, { user, method: 'password' }, { browser, services });
    return { result: me, event: { subject: user.id, principal: user.id, detail: { role: user.role, address: browser.address } } };
  });
});

function closed(): Fault {
  return new Fault('auth.scope_missing', { message: 'Nobody can sign up by form here: ask for an invitation.', reason: 'sign_up_closed' });
}
