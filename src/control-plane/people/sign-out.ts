import { SignOut } from '../../contract/sign-in.ts';
import { bindSteps } from '../operation.ts';
import { endSignInOf } from './start-sign-in.ts';
import { getOwn } from './own-user.ts';

/** Ends this sign-in here, not only in the browser: the cookie is worth nothing from now on, whoever has a copy. */
export const signOut = bindSteps(SignOut, ({ principal, browser, services, commit }) =>
  commit(async (tx) => {
    const { signIn } = await getOwn(tx, principal);
    await endSignInOf(tx, browser, services);
    browser.setCookie('sign-in', '', { sameSite: 'Strict', maxAgeSeconds: 0 });
    return { result: {}, event: { subject: signIn.id } };
  }),
);
