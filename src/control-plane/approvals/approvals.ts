import { toIso } from '../../base/clock.ts';
import { type ApprovalAnswer, ApproveCall, DenyCall, GetApproval, ListApprovals } from '../../contract/approvals.ts';
import type { Approval } from '../../model/approval.ts';
import type { Principal } from '../../model/principal.ts';
import { approvalsMark, findApproval, listStoredApprovals } from '../../storage/approvals.ts';
import type { Db } from '../../storage/schema.ts';
import { query as read } from '../../storage/transaction.ts';
import type { Viewer } from '../configuration/visibility.ts';
import { bindRead, bindSteps } from '../operation.ts';
import { concerns, type Decider, decideApproval, mayDecide, unknownApproval } from './decide-approval.ts';

export const listApprovals = bindSteps(ListApprovals, async ({ query, principal, viewer, services }) => {
  const { db } = services.storage;
  const { state, limit, cursor, after, waitSeconds } = query;
  if (after !== undefined && waitSeconds > 0) await services.approvals.whenChanged(after, waitSeconds * 1_000);
  return read(db, async (connection) => {
    const mark = await approvalsMark(connection);
    const page = await listStoredApprovals(connection, { state, limit, beforeId: cursor });
    const decider = toDecider(principal, viewer);
    const seesAll = viewer.permissions.has('private:all');
    const items: ApprovalAnswer[] = [];
    for (const approval of page) if (seesAll || (await concerns(connection, approval, decider))) items.push(await show(connection, approval, decider));
    return { items, nextCursor: page.length < limit ? null : (page.at(-1)?.id ?? null), mark };
  });
});

export const getApproval = bindRead(GetApproval, async ({ params, principal, viewer, db }) => {
  const decider = toDecider(principal, viewer);
  const approval = await findApproval(db, params.id);
  if (approval === undefined || !(viewer.permissions.has('private:all') || (await concerns(db, approval, decider)))) throw unknownApproval();
  return show(db, approval, decider);
});

export const approveCall = bindSteps(ApproveCall, async ({ params, body, principal, viewer, services, commit }) => {
  const decider = toDecider(principal, viewer);
  const answer = await commit(async (tx) => {
    const approval = await decideApproval(tx, params.id, decider, { state: 'approved', note: body.note, nowMs: services.clock.nowMs() });
    return { result: await show(tx, approval, decider), event: toEvent(approval) };
  });
  services.approvals.changed();
  return answer;
});

export const denyCall = bindSteps(DenyCall, async ({ params, body, principal, viewer, services, commit }) => {
  const decider = toDecider(principal, viewer);
  const answer = await commit(async (tx) => {
    const approval = await decideApproval(tx, params.id, decider, { state: 'denied', note: body.reason, nowMs: services.clock.nowMs() });
    return { result: await show(tx, approval, decider), event: toEvent(approval) };
  });
  services.approvals.changed();
  return answer;
});

export function toEvent({ id, principal, endpoint, server, name, argumentsDigest, rule, note }: Approval) {
  return { subject: id, detail: { principal, endpoint, server, name, argumentsDigest, rule, ...(note === undefined ? {} : { note }) } };
}

function toDecider({ kind, id }: Principal, { permissions }: Viewer): Decider {
  return { kind: kind === 'user' ? 'user' : 'operator', id, mayDecideAll: permissions.has('approval:any') };
}

async function show(db: Db, approval: Approval, decider: Decider): Promise<ApprovalAnswer> {
  const { id, state, principal, principalKind, principalName, endpoint, namespace, server, method, name, argumentsDigest, rule } = approval;
  return {
    id,
    state,
    principal: { id: principal, kind: principalKind, name: principalName },
    endpoint,
    namespace,
    server,
    method,
    name,
    arguments: { ...approval.arguments },
    argumentsDigest,
    rule,
    reason: approval.reason ?? null,
    requestedAt: toIso(approval.requestedAtMs),
    expiresAt: toIso(approval.expiresAtMs),
    decidedAt: isoOrNull(approval.decidedAtMs),
    decidedBy: approval.decidedBy ?? null,
    note: approval.note ?? null,
    usedAt: isoOrNull(approval.usedAtMs),
    mayDecide: await mayDecide(db, approval, decider),
  };
}

function isoOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : toIso(atMs);
}
