/** The audit record: every request and every admin change, chained and signed. */
import { z } from 'zod';
import { nextCursor } from './objects.ts';
import type { Operation } from './operation.ts';
import { RecordFilterShape, RequestShape, recordCursor } from './records.ts';

export const AUDIT_KINDS = ['call', 'intent', 'outcome', 'unknown', 'admin', 'loss', 'purge', 'tombstone'] as const;

export const AuditRecordSchema = z
  .object({
    position: z.int().meta({ description: 'Where it stands in the store; also the cursor' }),
    writer: z.string().meta({ description: 'Which gateway wrote it: each has a chain of its own' }),
    seq: z.int().meta({ description: "In the writer's chain, without gaps" }),
    kind: z.enum(AUDIT_KINDS).meta({
      description:
        'call: intent and outcome in one; intent: written before it was sent; outcome: of an earlier intent; unknown: of an intent without outcome, written at the next start; admin: a change or refusal of the admin API; loss: records that could not be kept; purge, tombstone: what was deleted',
    }),
    callId: z.string().nullable().meta({ description: 'Joins intent and outcome; also the id in Traffic' }),
    ...RequestShape,
    argumentsDigest: z.string().nullable().meta({ description: 'Keyed digest of the arguments as they came: equal arguments have equal digests' }),
    resultDigest: z.string().nullable().meta({ description: 'Keyed digest of the result as the server gave it' }),
    action: z.string().nullable().meta({ description: 'kind admin: id of the operation' }),
    subject: z.string().nullable().meta({ description: 'kind admin: what it was done to' }),
    detail: z.record(z.string(), z.unknown()).meta({ description: 'kind admin, loss, purge and tombstone' }),
    hash: z.string().meta({ description: 'SHA-256 of the hash before, the number and the record' }),
  })
  .meta({ id: 'AuditRecord' });
export type AuditRecord = z.infer<typeof AuditRecordSchema>;

const filter = {
  ...RecordFilterShape,
  kind: z.enum(AUDIT_KINDS).optional(),
  action: z.string().max(200).optional(),
  subject: z.string().max(500).optional(),
  call: z.string().max(200).optional().meta({ description: 'Id of one call' }),
} as const;

export const ListAudit = {
  id: 'listAudit',
  method: 'GET',
  path: '/api/v1/audit',
  summary: 'The audit record, newest first',
  access: 'audit:read',
  query: z.strictObject({ ...filter, cursor: recordCursor, limit: z.coerce.number().int().min(1).max(500).default(100) }),
  answer: z.object({ items: z.array(AuditRecordSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const ExportAudit = {
  id: 'exportAudit',
  method: 'GET',
  path: '/api/v1/audit/export',
  summary: 'The audit record as a file, newest first: JSON lines (each an AuditRecord with the chained text as record) or CSV',
  access: 'audit:read',
  query: z.strictObject({ ...filter, format: z.enum(['jsonl', 'csv']).default('jsonl') }),
  answer: z.string(),
  status: 200,
  stream: ['application/x-ndjson', 'text/csv'],
} as const satisfies Operation;

export const AuditFindingSchema = z
  .object({
    kind: z
      .enum([
        'edited',
        'missing',
        'reordered',
        'truncated',
        'signature_invalid',
        'key_unknown',
        'payload_edited',
        'payload_missing',
        'admin_edited',
        'admin_missing',
        'store_damaged',
      ])
      .meta({ description: 'What is wrong' }),
    writer: z.string().nullable(),
    seq: z.int().nullable(),
    message: z.string(),
  })
  .meta({ id: 'AuditFinding' });

export const VerifyAudit = {
  id: 'verifyAudit',
  method: 'POST',
  path: '/api/v1/audit/verify',
  summary: 'Checks the whole chain: edits, deletions, reordering, truncation',
  access: 'audit:read',
  body: z.strictObject({
    from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Only what was recorded from here on' }),
    to: z.iso.datetime({ offset: true }).optional(),
    publicKey: z.string().max(2_000).optional().meta({ description: 'PEM; without it the key of this gateway' }),
  }),
  answer: z.object({
    isIntact: z.boolean(),
    records: z.int().meta({ description: 'So many were checked' }),
    checkpoints: z.int(),
    intents: z.int(),
    outcomes: z.int(),
    unknown: z.int(),
    unverifiedWriters: z.int().meta({ description: 'Gateways whose signatures were not checked: their keys are not known here' }),
    firstAt: z.iso.datetime().nullable(),
    lastAt: z.iso.datetime().nullable(),
    findings: z.array(AuditFindingSchema).meta({ description: 'The first hundred' }),
    publicKey: z.string(),
  }),
  status: 200,
} as const satisfies Operation;

export const GetAuditKey = {
  id: 'getAuditKey',
  method: 'GET',
  path: '/api/v1/audit/key',
  summary: 'The public key that checkpoints are signed for (Ed25519)',
  access: 'audit:read',
  answer: z.object({ publicKey: z.string().meta({ description: 'PEM' }), writer: z.string(), algorithm: z.literal('Ed25519') }),
  status: 200,
} as const satisfies Operation;
