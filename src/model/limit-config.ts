/** A limit as it is written in the configuration: of an endpoint, of a namespace, or of the whole instance. */
import { z } from 'zod';
import { BUDGET_PERIODS, BUDGET_UNITS } from './limit.ts';

const glob = z.string().min(1).max(512);

const MatchSchema = z
  .strictObject({
    tool: glob.optional().describe('{server}__{own name}, with "*" for any run of characters.'),
    server: glob.optional().describe('Name of the server, with "*".'),
  })
  .describe('Only these calls count.');

const limitFields = z.strictObject({
  kind: z.enum(['rate', 'concurrency', 'budget']).default('rate').describe('How often, how many at a time, or how much in a period.'),
  scope: z.enum(['endpoint', 'client', 'tool', 'server']).describe('One counter for the endpoint, or one for each client, tool or server.'),
  by: z.enum(['key', 'user', 'ip', 'header']).optional().describe('What tells clients apart; for client without it by key. With tool or server: one counter for each client there.'),
  header: z.string().min(1).toLowerCase().optional().describe('Name of the header, where by is header.'),
  match: MatchSchema.optional(),
  max: z.number().positive().max(1e15).describe('Size of the bucket, calls at a time, or the budget of a period.'),
  seconds: z.number().positive().max(31_536_000).optional().describe('rate: time in which an empty bucket is full again.'),
  queue: z.int().min(0).max(10_000).optional().describe('concurrency: calls that may wait (default 100).'),
  waitSeconds: z.number().positive().max(3_600).optional().describe('concurrency: how long a call waits at most (default 10).'),
  unit: z.enum(BUDGET_UNITS).optional().describe('budget: what is counted. tokens are estimated from bytes; money follows the cost rules.'),
  per: z.enum(BUDGET_PERIODS).optional().describe('budget: day or month, in UTC.'),
});

type LimitFields = z.infer<typeof limitFields>;

/** What a kind must have, and what no other kind may. */
const OWN_FIELDS = {
  rate: { needs: ['seconds'], may: [] },
  concurrency: { needs: [], may: ['queue', 'waitSeconds'] },
  budget: { needs: ['unit', 'per'], may: [] },
} as const;
const ALL_OWN = Object.values(OWN_FIELDS).flatMap(({ needs, may }) => [...needs, ...may]);

export const LimitConfigSchema = limitFields.superRefine(
  (limit, context) => {
    if (typeof limit !== 'object' || limit === null) return;
    for (const message of problemsOf(limit)) context.addIssue({ code: 'custom', message });
  },
  { when: () => true },
);

export type LimitConfig = z.infer<typeof LimitConfigSchema>;

function problemsOf(limit: LimitFields): string[] {
  const problems: string[] = [];
  if ((limit.by === 'header') !== (limit.header !== undefined)) problems.push(limit.by === 'header' ? 'expected header, which by: header needs' : 'expected no header unless by is header');
  const kind = OWN_FIELDS[limit.kind] === undefined ? 'rate' : limit.kind;
  const { needs, may } = OWN_FIELDS[kind];
  for (const field of needs) if (limit[field] === undefined) problems.push(`expected ${field}, which kind: ${kind} needs`);
  for (const field of ALL_OWN) if (limit[field] !== undefined && ![...needs, ...may].some((own) => own === field)) problems.push(`expected no ${field} where kind is ${kind}`);
  if (kind === 'concurrency' && (limit.scope === 'endpoint' || limit.scope === 'client')) problems.push('expected scope tool or server where kind is concurrency');
  if (kind !== 'budget' && Number.isFinite(limit.max) && !Number.isInteger(limit.max)) problems.push('expected a whole number as max');
  return problems;
}
