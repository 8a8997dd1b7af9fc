/** What happened: the end of the log, and the audit events of the admin API. */
import { z } from 'zod';
import { nextCursor } from './objects.ts';
import type { Operation } from './operation.ts';

export const LOG_ENTRY_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export const LogEntrySchema = z
  .object({
    at: z.iso.datetime(),
    level: z.enum(LOG_ENTRY_LEVELS),
    event: z.string(),
    fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'LogEntry' });
export type LogEntry = z.infer<typeof LogEntrySchema>;

export const ListLogs = {
  id: 'listLogs',
  method: 'GET',
  path: '/api/v1/logs',
  summary: 'The newest lines of the log, oldest of them first',
  access: 'log:read',
  query: z.strictObject({
    level: z.enum(LOG_ENTRY_LEVELS).default('info').meta({ description: 'This level and those above' }),
    q: z.string().max(200).optional().meta({ description: 'Part of the line, in any case' }),
    server: z.string().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(1_000).default(200),
  }),
  answer: z.object({ items: z.array(LogEntrySchema) }),
  status: 200,
} as const satisfies Operation;

export const AuditEventSchema = z
  .object({
    seq: z.int(),
    at: z.iso.datetime(),
    principal: z.string(),
    action: z.string(),
    subject: z.string(),
    outcome: z.enum(['done', 'started', 'denied', 'failed']),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEvent' });

export const ListAudit = {
  id: 'listAudit',
  method: 'GET',
  path: '/api/v1/audit',
  summary: 'Audit events, newest first',
  access: 'audit:read',
  query: z.strictObject({
    cursor: z.string().regex(/^\d{1,15}$/).optional(),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    principal: z.string().max(200).optional(),
    action: z.string().max(200).optional(),
    subject: z.string().max(200).optional(),
    outcome: AuditEventSchema.shape.outcome.optional(),
  }),
  answer: z.object({ items: z.array(AuditEventSchema), nextCursor }),
  status: 200,
} as const satisfies Operation;
