/** Who may say yes or no to a call, and doing it: for the admin API and the page alike. */
import { Fault } from '../../base/fault.ts';
import type { Approval } from '../../model/approval.ts';
import { decideStoredApproval, findApproval } from '../../storage/approvals.ts';
import { findKey } from '../../storage/keys.ts';
import { listProviderUsers } from '../../storage/provider-users.ts';
import type { Db, Tx } from '../../storage/schema.ts';
import { findUser } from '../../storage/users.ts';

/** Whoever wants to decide. */
export interface Decider {
  readonly kind: 'operator' | 'user';
  /** Of the user; `operator` otherwise. */
  readonly id: string;
  /** Operators and administrators. */
  readonly mayDecideAll: boolean;
}

export interface Verdict {
  readonly state: 'approved' | 'denied';
  readonly note: string | undefined;
  readonly nowMs: number;
}

/** Faults: `request.not_found`, `auth.scope_missing`, `request.conflict`. */
export async function decideApproval(tx: Tx, id: string, decider: Decider, verdict: Verdict): Promise<Approval> {
  const approval = await findApproval(tx, id);
  if (approval === undefined || !(await concerns(tx, approval, decider))) throw unknownApproval();
  await refuseDecider(tx, approval, { decider, state: verdict.state });
  const expiresAtMs = verdict.nowMs + approval.terms.validMs;
  if (!(await decideStoredApproval(tx, id, { ...verdict, by: decider.id, expiresAtMs })))
    throw new Fault('request.conflict', { message: 'It is not waiting for a decision any more.', reason: 'approval_not_pending' });
  return { ...approval, state: verdict.state, decidedAtMs: verdict.nowMs, decidedBy: decider.id, note: verdict.note, expiresAtMs };
}

/** Whether anybody may say yes here who is `decider`; a reason why not otherwise. */
export async function mayDecide(db: Db, approval: Approval, decider: Decider): Promise<boolean> {
  if (approval.state !== 'pending') return false;
  return (await isNamed(db, approval, decider)) && (approval.terms.isSelfApprovalAllowed || !(await isOwnCall(db, approval, decider)));
}

/** Their own calls, and what they may decide. */
export async function concerns(db: Db, approval: Approval, decider: Decider): Promise<boolean> {
  return (await isNamed(db, approval, decider)) || (await isOwnCall(db, approval, decider));
}

export function unknownApproval(): Fault {
  return new Fault('request.not_found', { message: 'There is no such approval.', reason: 'approval' });
}

/** Everyone may deny a call of their own; nobody approves one unless the policy says so (AISVS 9.2). */
async function refuseDecider(db: Db, approval: Approval, { decider, state }: { readonly decider: Decider; readonly state: Verdict['state'] }): Promise<void> {
  const isOwn = await isOwnCall(db, approval, decider);
  if (state === 'denied' && isOwn) return;
  if (!(await isNamed(db, approval, decider))) throw new Fault('auth.scope_missing', { message: 'You are none of those who may decide this.', reason: 'not_an_approver' });
  if (isOwn && !approval.terms.isSelfApprovalAllowed) throw new Fault('auth.scope_missing', { message: 'This is a call of your own: somebody else must approve it.', reason: 'self_approval' });
}

async function isNamed(db: Db, { terms }: Approval, { kind, id, mayDecideAll }: Decider): Promise<boolean> {
  if (mayDecideAll) return true;
  if (kind !== 'user' || (terms.users.length === 0 && terms.groups.length === 0)) return false;
  const user = await findUser(db, id);
  if (user === undefined) return false;
  if (terms.users.some((named) => named === user.id || named === user.name || named.toLowerCase() === user.email)) return true;
  if (terms.groups.length === 0) return false;
  const groups = (await listProviderUsers(db, id)).flatMap((one) => one.groups);
  return groups.some((group) => terms.groups.includes(group));
}

/** The caller is the person, one of the person's keys, or for the operator token the operator. */
async function isOwnCall(db: Db, { principal, principalKind, credential }: Approval, { kind, id }: Decider): Promise<boolean> {
  if (kind === 'operator') return principalKind === 'operator';
  if (principalKind === 'user') return principal === id || principal === `user:${id}`;
  return principalKind === 'key' && (await findKey(db, credential))?.owner === id;
}
