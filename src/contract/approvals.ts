/** Calls that people approve, in the admin API. */
import { z } from 'zod';
import { APPROVAL_STATES } from '../model/approval.ts';
import type { Operation } from './operation.ts';

const moment = z.iso.datetime();
const WAIT_SECONDS_MAX = 60;

export const ApprovalSchema = z
  .object({
    id: z.string(),
    state: z.enum(APPROVAL_STATES).meta({ description: 'used: its call was made. expired: nobody decided, or no call came, in time' }),
    principal: z.object({ id: z.string(), kind: z.string(), name: z.string() }).meta({ description: 'Who asks' }),
    endpoint: z.string(),
    namespace: z.string(),
    server: z.string(),
    method: z.string(),
    name: z.string().meta({ description: 'Own name of the tool, or a URI' }),
    arguments: z.record(z.string(), z.unknown()).meta({ description: 'What looks like a secret is replaced' }),
    argumentsDigest: z.string().meta({ description: 'Keyed digest of the canonical arguments: the approval is for exactly these' }),
    rule: z.string(),
    reason: z.string().nullable(),
    requestedAt: moment,
    expiresAt: moment,
    decidedAt: moment.nullable(),
    decidedBy: z.string().nullable(),
    note: z.string().nullable(),
    usedAt: moment.nullable(),
    mayDecide: z.boolean().meta({ description: 'Whether you may, now' }),
  })
  .meta({ id: 'Approval', description: 'One call that a person must say yes to' });
export type ApprovalAnswer = z.infer<typeof ApprovalSchema>;

const params = z.strictObject({ id: z.string().regex(/^approval_[0-9a-f]{32}$/) });

export const ListApprovals = {
  id: 'listApprovals',
  method: 'GET',
  path: '/api/v1/approvals',
  summary: 'Calls that people approve, newest first: all of them, or those that are yours to make or to decide',
  access: 'approval:read',
  query: z.strictObject({
    state: z.enum(APPROVAL_STATES).optional(),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    cursor: z.string().max(100).optional().meta({ description: 'nextCursor of the page before' }),
    after: z.string().max(200).optional().meta({ description: 'mark of an answer before: waits until something changed since' }),
    waitSeconds: z.coerce.number().min(0).max(WAIT_SECONDS_MAX).default(0).meta({ description: 'How long to wait at most' }),
  }),
  answer: z.object({ items: z.array(ApprovalSchema), nextCursor: z.string().nullable(), mark: z.string() }),
  status: 200,
} as const satisfies Operation;

export const GetApproval = {
  id: 'getApproval',
  method: 'GET',
  path: '/api/v1/approvals/{id}',
  summary: 'One call that a person must approve',
  access: 'approval:read',
  params,
  answer: ApprovalSchema,
  status: 200,
} as const satisfies Operation;

export const ApproveCall = {
  id: 'approveCall',
  method: 'POST',
  path: '/api/v1/approvals/{id}/approve',
  summary: 'Says yes: exactly this call may be made, once, until it expires',
  access: 'approval:decide',
  params,
  body: z.strictObject({ note: z.string().max(1_000).optional() }),
  answer: ApprovalSchema,
  status: 200,
} as const satisfies Operation;

export const DenyCall = {
  id: 'denyCall',
  method: 'POST',
  path: '/api/v1/approvals/{id}/deny',
  summary: 'Says no; the same call is refused until this expires, with the reason',
  access: 'approval:decide',
  params,
  body: z.strictObject({ reason: z.string().min(1).max(1_000) }),
  answer: ApprovalSchema,
  status: 200,
} as const satisfies Operation;
