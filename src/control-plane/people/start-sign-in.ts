/** The beginning of a sign-in, whatever proved who it is: a row, a new cookie, and the end of the one this browser had. */
import { digestOf } from '../../auth/keys.ts';
import { newId } from '../../base/ids.ts';
import type { Me } from '../../contract/sign-in.ts';
import { listProviderUsers } from '../../storage/provider-users.ts';
import type { Tx } from '../../storage/schema.ts';
import { deleteEndedSignIns, deleteSignIn, findSignIn, insertSignIn, type StoredSignIn } from '../../storage/sign-ins.ts';
import { type StoredUser, updateUser } from '../../storage/users.ts';
import type { Browser } from '../browser.ts';
import type { AdminServices } from '../operation.ts';
import { newDeviceValue } from './device.ts';
import { SIGN_IN_IDLE_MS, SIGN_IN_MS_MAX } from './sign-in-life.ts';
import { toMe } from './to-user.ts';

const TOKEN_BYTES = 32;
const DEVICE_SECONDS = 180 * 24 * 3_600;

export interface Start {
  readonly user: StoredUser;
  /** `password`, `link`, or `provider:` and its id. */
  readonly method: string;
}

/** Writes the sign-in and gives the browser its cookie. The cookie is set only if the transaction ends well: a fault carries none. */
export async function startSignIn(tx: Tx, { user, method }: Start, { browser, services }: { readonly browser: Browser; readonly services: AdminServices }): Promise<Me> {
  const { clock, random, instanceKey } = services;
  const nowMs = clock.nowMs();
  await endSignInOf(tx, browser, services);
  await deleteEndedSignIns(tx, { createdBeforeMs: nowMs - SIGN_IN_MS_MAX, seenBeforeMs: nowMs - SIGN_IN_IDLE_MS });
  const value = newCookieValue(services);
  const signIn: StoredSignIn = {
    id: newId('sgn', clock, random),
    digest: digestOf(instanceKey.pepper, value),
    userId: user.id,
    method,
    address: browser.address,
    browser: browser.name,
    createdAtMs: nowMs,
    lastSeenAtMs: nowMs,
    reauthAtMs: nowMs,
  };
  await insertSignIn(tx, signIn);
  await updateUser(tx, user.id, { lastSignInAtMs: nowMs });
  setSignInCookie(browser, value);
  browser.setCookie('device', newDeviceValue(user.id, services), { sameSite: 'Strict', maxAgeSeconds: DEVICE_SECONDS });
  return toMe({ ...user, lastSignInAtMs: nowMs }, signIn, await listProviderUsers(tx, user.id));
}

/** Ends what this browser is signed in as, and what it began at an identity provider. */
export async function endSignInOf(tx: Tx, browser: Browser, { instanceKey }: Pick<AdminServices, 'instanceKey'>): Promise<void> {
  const value = browser.cookie('sign-in');
  const found = value === undefined ? undefined : await findSignIn(tx, digestOf(instanceKey.pepper, value));
  if (found !== undefined) await deleteSignIn(tx, found.signIn.id);
  if (browser.cookie('flow') !== undefined) browser.setCookie('flow', '', { sameSite: 'Lax', maxAgeSeconds: 0 });
}

export function newCookieValue({ random }: Pick<AdminServices, 'random'>): string {
  return Buffer.from(random(TOKEN_BYTES)).toString('base64url');
}

export function setSignInCookie(browser: Browser, value: string): void {
  browser.setCookie('sign-in', value, { sameSite: 'Strict', maxAgeSeconds: SIGN_IN_MS_MAX / 1_000 });
}
