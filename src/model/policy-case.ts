/** Facts and cases as someone writes them: what does not matter may be left out. */
import { z } from 'zod';
import { EFFECTS, type PolicyFacts, RISKS } from './policy.ts';

const LabelsSchema = z.strictObject({ agent: z.string().optional(), stage: z.string().optional() });

export const CaseFactsSchema = z.strictObject({
  principal: z
    .strictObject({
      kind: z.enum(['anonymous', 'key', 'user', 'operator']).default('key'),
      id: z.string().optional(),
      name: z.string().default('someone'),
      roles: z.array(z.string()).optional(),
      groups: z.array(z.string()).optional(),
      client: z.string().optional(),
      labels: LabelsSchema.optional(),
    })
    .default({ kind: 'key', name: 'someone' }),
  claimed: LabelsSchema.optional(),
  endpoint: z.string().default('default'),
  namespace: z.string().default('default'),
  server: z.string(),
  primitive: z.enum(['tool', 'prompt', 'resource', 'resourceTemplate']).default('tool'),
  name: z.string(),
  method: z.string().default('tools/call'),
  risk: z.enum(RISKS).default('destructive'),
  arguments: z.record(z.string(), z.json()).default({}),
  at: z.iso.datetime({ offset: true }).default('2026-01-05T12:00:00Z').describe('A moment; without it Monday 5 January 2026, 12:00 UTC.'),
});

export const PolicyCaseSchema = z.strictObject({
  name: z.string(),
  facts: CaseFactsSchema,
  expect: z.enum(EFFECTS),
  rule: z.string().optional().describe('The rule that should decide.'),
});

export const PolicyCasesSchema = z.strictObject({ cases: z.array(PolicyCaseSchema).min(1) });

export type PolicyCase = z.infer<typeof PolicyCaseSchema>;
type CaseFacts = z.infer<typeof CaseFactsSchema>;

export function toFacts({ facts }: { readonly facts: CaseFacts }): PolicyFacts {
  const { at, principal, ...rest } = facts;
  return { ...rest, principal: { ...principal, id: principal.id ?? `${principal.kind}:${principal.name}` }, atMs: Date.parse(at) };
}
