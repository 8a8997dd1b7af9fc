/** Policies in the admin API: as objects, and tried out. */
import { z } from 'zod';
import { EFFECTS, RISKS } from '../model/policy.ts';
import { CaseFactsSchema } from '../model/policy-case.ts';
import { RiskLabelsSchema } from '../model/policy-config.ts';
import { ConfigBodySchema, nextCursor, objectOperations, ObjectShape, PageQueryShape } from './objects.ts';
import type { Operation } from './operation.ts';

export const PolicySchema = z
  .object({ ...ObjectShape, usedBy: z.array(z.string()).meta({ description: 'Namespaces that name it' }) })
  .meta({ id: 'Policy', description: 'Rules that namespaces name: who may do what' });
export type Policy = z.infer<typeof PolicySchema>;

export const ListPolicies = {
  id: 'listPolicies',
  method: 'GET',
  path: '/api/v1/policies',
  summary: 'Policies',
  access: 'policy:read',
  query: z.strictObject(PageQueryShape),
  answer: z.object({ items: z.array(PolicySchema), nextCursor }),
  status: 200,
} as const satisfies Operation;

export const PolicyOperations = objectOperations({ path: 'policies', id: 'Policy', words: 'a policy', read: 'policy:read', write: 'policy:write' }, PolicySchema);

export const ListPolicyTemplates = {
  id: 'listPolicyTemplates',
  method: 'GET',
  path: '/api/v1/policy-templates',
  summary: 'Ready-made rules, which a policy names with use, and the JSON Schema of their parameters',
  access: 'policy:read',
  answer: z.object({ items: z.array(z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.unknown()) })) }),
  status: 200,
} as const satisfies Operation;

const VerdictSchema = z.object({ effect: z.enum(EFFECTS), rule: z.string() });

export const ListShadowResults = {
  id: 'listShadowResults',
  method: 'GET',
  path: '/api/v1/policy-shadow',
  summary: 'What policies in shadow mode would have decided otherwise, since the gateway started',
  access: 'audit:read',
  answer: z.object({
    asked: z.int().meta({ description: 'Calls that policies in shadow mode decided at all' }),
    differences: z.array(
      z.object({
        namespace: z.string(),
        before: VerdictSchema,
        after: VerdictSchema,
        count: z.int(),
        samples: z.array(z.object({ at: z.iso.datetime(), principal: z.string(), server: z.string(), name: z.string() })),
      }),
    ),
  }),
  status: 200,
} as const satisfies Operation;

const drafts = z
  .record(z.string().min(1).max(200), ConfigBodySchema)
  .meta({ description: 'Drafts by name, each as in a configuration file: one replaces the policy of its name, others are added' });

export const TestPolicies = {
  id: 'testPolicies',
  method: 'POST',
  path: '/api/v1/policies/test',
  summary: 'Decides cases, by the policies of a namespace, by drafts, or both, and compares',
  access: 'policy:read',
  body: z.strictObject({
    namespace: z.string().optional().meta({ description: 'Whose policies count; without it only the drafts' }),
    policies: drafts.default({}),
    default: z.enum(['allow', 'deny']).optional().meta({ description: 'What holds where no rule matches' }),
    risks: RiskLabelsSchema.optional(),
    cases: z.array(ConfigBodySchema).min(1).max(10_000).meta({ description: 'Each {name, facts, expect, rule}' }),
  }),
  answer: z.object({
    passed: z.int(),
    failed: z.int(),
    outcomes: z.array(z.object({ name: z.string(), isPassed: z.boolean(), expected: z.object({ effect: z.enum(EFFECTS), rule: z.string().optional() }), actual: VerdictSchema })),
    rulesUntried: z.array(z.string()).meta({ description: 'Rules that decided in no case' }),
  }),
  status: 200,
} as const satisfies Operation;
export type PolicyTest = z.infer<typeof TestPolicies.answer>;

export const ExplainPolicy = {
  id: 'explainPolicy',
  method: 'POST',
  path: '/api/v1/policies/explain',
  summary: 'Why a call would be decided as it would be: every rule, and what of it did not fit',
  access: 'policy:read',
  body: z.strictObject({
    endpoint: z.string().min(1).max(200),
    name: z.string().min(1).max(2_000).meta({ description: '{server}__{own name}, whatever the exposed name; a URI with server beside it' }),
    server: z.string().max(200).optional(),
    primitive: z.enum(['tool', 'prompt', 'resource', 'resourceTemplate']).default('tool'),
    key: z.string().max(200).optional().meta({ description: 'Name of the API key that asks' }),
    principal: CaseFactsSchema.shape.principal.unwrap().optional().meta({ description: 'Who asks, where it is no key' }),
    claimed: CaseFactsSchema.shape.claimed,
    arguments: ConfigBodySchema.default({}),
    at: z.iso.datetime({ offset: true }).optional().meta({ description: 'Without it: now' }),
  }),
  answer: z.object({
    effect: z.enum(EFFECTS),
    rule: z.string(),
    reason: z.string().nullable(),
    factsUsed: z.array(z.string()),
    isHidden: z.boolean().meta({ description: 'Lists leave it out, and a call is answered like one of nothing' }),
    risk: z.enum(RISKS),
    shadow: VerdictSchema.nullable(),
    engine: z.object({ effect: z.enum(EFFECTS), rule: z.string(), reason: z.string().nullable(), decisionId: z.string().nullable() }).nullable().meta({ description: 'What the engine outside says; the stricter answer holds' }),
    rules: z.array(
      z.object({
        rule: z.string(),
        effect: z.enum(EFFECTS),
        priority: z.int(),
        isShadow: z.boolean(),
        labels: z.enum(['proven', 'claimed']),
        outcome: z.enum(['matched', 'not_matched', 'failed']),
        because: z.string().nullable(),
      }),
    ),
  }),
  status: 200,
} as const satisfies Operation;
export type PolicyExplanation = z.infer<typeof ExplainPolicy.answer>;

export const ReplayPolicy = {
  id: 'replayPolicy',
  method: 'POST',
  path: '/api/v1/policies/replay',
  summary: 'Which recorded calls drafts would decide otherwise; without drafts, the present policies',
  access: 'audit:read',
  body: z.strictObject({
    since: z.iso.datetime({ offset: true }),
    until: z.iso.datetime({ offset: true }).optional().meta({ description: 'Without it: now' }),
    namespace: z.string().optional().meta({ description: 'Only calls of this namespace' }),
    policies: drafts.default({}),
  }),
  answer: z.object({
    total: z.int(),
    inexact: z.int().meta({ description: 'Calls whose arguments were not kept whole: rules about arguments may have decided them otherwise' }),
    isWhole: z.boolean().meta({ description: 'false: there were more calls than are looked at' }),
    changes: z.record(z.string(), z.int()).meta({ description: 'How many went from one effect to another, e.g. allow→deny' }),
    differences: z
      .array(z.object({ at: z.iso.datetime(), principal: z.string(), endpoint: z.string(), namespace: z.string(), server: z.string(), name: z.string(), before: VerdictSchema, after: VerdictSchema }))
      .meta({ description: 'The first 1,000' }),
  }),
  status: 200,
} as const satisfies Operation;
export type PolicyReplay = z.infer<typeof ReplayPolicy.answer>;
