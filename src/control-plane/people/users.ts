import { Fault } from '../../base/fault.ts';
import { toIso } from '../../base/clock.ts';
import { CreateResetLink, EndUserSignIns, ListUsers, PatchUser } from '../../contract/users.ts';
import type { Principal } from '../../model/principal.ts';
import type { Role } from '../../model/role.ts';
import type { Db } from '../../storage/schema.ts';
import { deleteSignInsOf } from '../../storage/sign-ins.ts';
import { countOperators, findUser, listUsers as listStoredUsers, type StoredUser, updateUser } from '../../storage/users.ts';
import { bindChange, bindRead } from '../operation.ts';
import { endConsentsOf } from './end-access.ts';
import { makeLink, toLinkAddress } from './links.ts';
import { RESET_MS } from './request-password-reset.ts';
import { toUser } from './to-user.ts';

export const listUsers = bindRead(ListUsers, async ({ query: { cursor, limit, role }, db }) => {
  const users = await listStoredUsers(db, { afterId: cursor ?? '', limit: limit + 1, role });
  const items = users.slice(0, limit);
  return { items: items.map(toUser), nextCursor: users.length > limit ? (items.at(-1)?.id ?? null) : null };
});

/** Published like a change of the configuration: keys of a user who is shut out open nothing from then on. */
export const patchUser = bindChange(PatchUser, async ({ params, body, principal, tx, services }) => {
  const user = await getUser(tx, params.id);
  await refuseHigher(tx, principal, [user.role, ...(body.role === undefined ? [] : [body.role])]);
  const isDisabled = body.isDisabled ?? user.disabledAtMs !== undefined;
  const role = body.role ?? user.role;
  if (role !== 'operator' || isDisabled) await refuseLastOperator(tx, user);
  const disabledAtMs = isDisabled ? (user.disabledAtMs ?? services.clock.nowMs()) : undefined;
  await updateUser(tx, user.id, { role, disabledAtMs: disabledAtMs ?? null });
  if (isDisabled) await deleteSignInsOf(tx, user.id);
  const after = isDisabled ? await endConsentsOf(tx, user.id, services) : undefined;
  return { answer: toUser({ ...user, role, disabledAtMs }), ...(after && { after }), event: { subject: user.id, detail: { role, isDisabled, roleBefore: user.role } } };
});

export const endUserSignIns = bindChange(EndUserSignIns, async ({ params, principal, tx }) => {
  const user = await getUser(tx, params.id);
  await refuseHigher(tx, principal, [user.role]);
  const ended = await deleteSignInsOf(tx, user.id);
  return { answer: { ended }, event: { subject: user.id, detail: { ended } } };
});

export const createResetLink = bindChange(CreateResetLink, async ({ params, principal, tx, services }) => {
  const user = await getUser(tx, params.id);
  await refuseHigher(tx, principal, [user.role]);
  const { stored, token } = await makeLink(tx, { purpose: 'password_reset', userId: user.id, createdBy: principal.id, lifeMs: RESET_MS }, services);
  return { answer: { link: toLinkAddress(services.publicUrl(), token), expiresAt: toIso(stored.expiresAtMs) }, event: { subject: user.id, detail: { link: stored.id } } };
});

/** Nobody makes, changes or lets in someone who may do more: throws `auth.scope_missing`. */
export async function refuseHigher(db: Db, principal: Principal, roles: readonly Role[]): Promise<void> {
  if (!roles.includes('operator') || principal.kind === 'operator') return;
  const own = await findUser(db, principal.id);
  if (own?.role !== 'operator') throw new Fault('auth.scope_missing', { message: 'Operators are made and changed by operators only.', reason: 'operator_only' });
}

/** Throws `request.conflict` where nobody could operate the gateway without that user. */
export async function refuseLastOperator(db: Db, user: StoredUser): Promise<void> {
  const isOperator = user.role === 'operator' && user.disabledAtMs === undefined;
  if (isOperator && (await countOperators(db)) === 1) throw new Fault('request.conflict', { message: 'This is the last operator: make another one first.', reason: 'last_operator' });
}

export async function getUser(db: Db, id: string): Promise<StoredUser> {
  const user = await findUser(db, id);
  if (user === undefined) throw new Fault('request.not_found', { message: 'There is no user of this id.', reason: 'user' });
  return user;
}
