/** What happened: the end of the log. */
import { z } from 'zod';
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
