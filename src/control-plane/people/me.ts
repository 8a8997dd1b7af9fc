import { ChangePassword, EndOtherSignIns, EndOwnSignIn, GetMe, ListOwnSignIns, type Me, PatchMe, Reauthenticate } from '../../contract/sign-in.ts';
import { digestOf } from '../../auth/keys.ts';
import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { PERMISSIONS } from '../../contract/operation.ts';
import { deleteResetLinksOf } from '../../storage/one-time-links.ts';
import { listProviderUsers } from '../../storage/provider-users.ts';
import type { Db } from '../../storage/schema.ts';
import { deleteSignIn, deleteSignInsOf, findSignInById, listSignIns, updateSignIn } from '../../storage/sign-ins.ts';
import { query } from '../../storage/transaction.ts';
import { updateUser } from '../../storage/users.ts';
import type { Browser } from '../browser.ts';
import { type AdminServices, bindRead, bindSteps } from '../operation.ts';
import { isDeviceOf } from './device.ts';
import { getOwn, type Own } from './own-user.ts';
import { refuseWeakPassword } from './password-input.ts';
import { newCookieValue, setSignInCookie } from './start-sign-in.ts';
import { toMe } from './to-user.ts';

export const getMe = bindRead(GetMe, async ({ principal, db }) => {
  if (principal.kind !== 'user') return { kind: 'operator' as const, user: null, permissions: [...PERMISSIONS], reauthUntil: null, signedInUntil: null, providers: [] };
  return show(db, await getOwn(db, principal));
});

export const patchMe = bindSteps(PatchMe, ({ body, principal, commit }) =>
  commit(async (tx) => {
    const { user, signIn } = await getOwn(tx, principal);
    await updateUser(tx, user.id, body);
    return { result: await show(tx, { user: { ...user, ...body }, signIn }), event: { subject: user.id } };
  }),
);

/** The old password is asked for, so that an unlocked screen is not enough. */
export const changePassword = bindSteps(ChangePassword, async ({ body, principal, browser, services, commit }) => {
  const own = await query(services.storage.db, (db) => getOwn(db, principal));
  await provePassword(own, body.password, { browser, services });
  refuseWeakPassword(body.newPassword, [own.user.email, own.user.name], 'body.newPassword');
  const passwordHash = await services.people.passwords.hash(body.newPassword);
  return commit(async (tx) => {
    await updateUser(tx, own.user.id, { passwordHash });
    const ended = await deleteSignInsOf(tx, own.user.id, own.signIn.id);
    await deleteResetLinksOf(tx, own.user.id);
    const signIn = await renew(tx, own, { browser, services });
    return { result: await show(tx, { user: { ...own.user, passwordHash }, signIn }), event: { subject: own.user.id, detail: { ended } } };
  });
});

export const reauthenticate = bindSteps(Reauthenticate, async ({ body, principal, browser, services, commit }) => {
  const own = await query(services.storage.db, (db) => getOwn(db, principal));
  await provePassword(own, body.password, { browser, services });
  return commit(async (tx) => {
    const signIn = await renew(tx, own, { browser, services });
    return { result: await show(tx, { ...own, signIn }), event: { subject: own.signIn.id } };
  });
});

export const listOwnSignIns = bindRead(ListOwnSignIns, async ({ principal, db }) => {
  const { user, signIn } = await getOwn(db, principal);
  const all = await listSignIns(db, user.id);
  return {
    items: all.map(({ id, method, address, browser, createdAtMs, lastSeenAtMs }) => ({ id, isThisOne: id === signIn.id, method, address, browser, createdAt: toIso(createdAtMs), lastSeenAt: toIso(lastSeenAtMs) })),
  };
});

export const endOwnSignIn = bindSteps(EndOwnSignIn, ({ params, principal, commit }) =>
  commit(async (tx) => {
    const { user } = await getOwn(tx, principal);
    const found = await findSignInById(tx, params.id);
    // Another user's is not there.
    if (found?.userId !== user.id) throw new Fault('request.not_found', { message: 'There is no sign-in of this id.', reason: 'sign_in' });
    await deleteSignIn(tx, found.id);
    return { result: { ended: 1 }, event: { subject: found.id } };
  }),
);

export const endOtherSignIns = bindSteps(EndOtherSignIns, ({ principal, commit }) =>
  commit(async (tx) => {
    const { user, signIn } = await getOwn(tx, principal);
    const ended = await deleteSignInsOf(tx, user.id, signIn.id);
    return { result: { ended }, event: { subject: user.id, detail: { ended } } };
  }),
);

interface Parts {
  readonly browser: Browser;
  readonly services: AdminServices;
}

/** Throws `auth.credential_invalid` for a wrong password, `limit.rate_exceeded` after many. */
async function provePassword({ user }: Own, password: string, { browser, services }: Parts): Promise<void> {
  const { people } = services;
  const attempt = { address: browser.address, name: `own ${user.id}`, isKnownDevice: isDeviceOf(browser.cookie('device'), user.id, services) };
  people.throttle.begin(attempt);
  if (!(await people.passwords.verify(password, user.passwordHash))) throw new Fault('auth.credential_invalid', { message: 'The password is not right.', reason: 'password' });
  people.throttle.succeeded(attempt);
}

/** A new value for the cookie and a fresh proof, in the same sign-in. */
async function renew(db: Db, { signIn }: Own, { browser, services }: Parts): Promise<Own['signIn']> {
  const value = newCookieValue(services);
  const change = { digest: digestOf(services.instanceKey.pepper, value), reauthAtMs: services.clock.nowMs() };
  await updateSignIn(db, signIn.id, change);
  setSignInCookie(browser, value);
  return { ...signIn, ...change };
}

async function show(db: Db, { user, signIn }: Own): Promise<Me> {
  return toMe(user, signIn, await listProviderUsers(db, user.id));
}
