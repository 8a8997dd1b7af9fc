import { newId } from '../../base/ids.ts';
import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { InspectLink, type Me, RedeemLink } from '../../contract/sign-in.ts';
import { deleteResetLinksOf, type StoredLink } from '../../storage/one-time-links.ts';
import type { Tx } from '../../storage/schema.ts';
import { deleteSignInsOf } from '../../storage/sign-ins.ts';
import { query } from '../../storage/transaction.ts';
import { countOperators, findUser, insertUser, type StoredUser, updateUser } from '../../storage/users.ts';
import { bindRead, bindSteps } from '../operation.ts';
import { toStoredEmail } from './email.ts';
import { getOpenLink, useUp } from './links.ts';
import { invalidField, refuseWeakPassword } from './password-input.ts';
import { type Start, startSignIn } from './start-sign-in.ts';

export const inspectLink = bindRead(InspectLink, async ({ body, db, services }) => {
  const { purpose, role, email, expiresAtMs } = await getOpenLink(db, body.token, services);
  return { purpose, role: role ?? null, email: email ?? null, expiresAt: toIso(expiresAtMs) };
});

/** Uses a link. Whoever has it is the person it was made for: it makes a user or a new password, and a sign-in. */
export const redeemLink = bindSteps(RedeemLink, async ({ body, browser, services, commit }) => {
  const { storage, people } = services;
  const { link, owner } = await query(storage.db, async (db) => {
    const open = await getOpenLink(db, body.token, services);
    return { link: open, owner: open.userId === undefined ? undefined : await findUser(db, open.userId) };
  });
  const email = owner === undefined ? emailFor(link, body.email) : owner.email;
  refuseWeakPassword(body.password, [email, body.name ?? owner?.name]);
  const passwordHash = await people.passwords.hash(body.password);

  return commit(async (tx): Promise<{ result: Me; event: { subject: string; principal: string; detail: Record<string, unknown> } }> => {
    await useUp(tx, link, services.clock.nowMs());
    const user = owner === undefined ? await makeUser(tx, { link, email, name: body.name, passwordHash }, services) : await resetPassword(tx, owner, passwordHash);
    const start: Start = { user, method: 'link' };
    const me = await startSignIn(tx, start, { browser, services });
    return { result: me, event: { subject: user.id, principal: user.id, detail: { purpose: link.purpose, role: user.role, address: browser.address } } };
  });
});

function emailFor(link: StoredLink, given: string | undefined): string {
  const email = link.email ?? (given === undefined ? undefined : toStoredEmail(given));
  if (email === undefined) throw invalidField({ path: 'body.email', expected: 'an e-mail address', message: 'is needed for a new user' });
  if (given !== undefined && toStoredEmail(given) !== email) throw invalidField({ path: 'body.email', expected: 'the address that was invited', message: 'must be the address that was invited' });
  return email;
}

interface NewUser {
  readonly link: StoredLink;
  readonly email: string | undefined;
  readonly name: string | undefined;
  readonly passwordHash: string;
}

async function makeUser(tx: Tx, { link, email, name, passwordHash }: NewUser, services: Parameters<typeof startSignIn>[2]['services']): Promise<StoredUser> {
  const { clock, random } = services;
  if (link.purpose === 'first_operator') await refuseSecondFirstOperator(tx);
  const role = link.role ?? 'member';
  const user: StoredUser = { id: newId('usr', clock, random), email, name: name ?? email ?? role, role, passwordHash, createdAtMs: clock.nowMs(), lastSignInAtMs: undefined, disabledAtMs: undefined };
  await insertUser(tx, user);
  return user;
}

/** The link is for the first one only: throws `request.conflict` where somebody was made operator since. */
export async function refuseSecondFirstOperator(tx: Tx): Promise<void> {
  if ((await countOperators(tx)) > 0) throw new Fault('request.conflict', { message: 'There is an operator already.', reason: 'operator_exists' });
}

/** Whoever knew the old password is out, and so is every other link. */
async function resetPassword(tx: Tx, user: StoredUser, passwordHash: string): Promise<StoredUser> {
  if (user.disabledAtMs !== undefined) throw new Fault('request.not_found', { message: 'This link does not work: it was used, taken back, or is too old.', reason: 'link' });
  await updateUser(tx, user.id, { passwordHash });
  await deleteResetLinksOf(tx, user.id);
  await deleteSignInsOf(tx, user.id);
  return { ...user, passwordHash };
}
