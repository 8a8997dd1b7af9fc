/** Finding tools, in the admin API: what lists cost, how well searches find, where calls of groups go. */
import { z } from 'zod';
import { ToolRuleSchema } from '../model/discovery-config.ts';
import { ObjectParams } from './objects.ts';
import type { Operation } from './operation.ts';

const tokens = z.int().meta({ description: 'Estimated from bytes, within about a tenth' });
const path = '/api/v1/endpoints/{name}' as const;

export const GetContextCost = {
  id: 'getContextCost',
  method: 'GET',
  path: `${path}/context-cost`,
  summary: 'What the list of tools of an endpoint costs a model that reads it',
  access: 'endpoint:read',
  params: ObjectParams,
  answer: z.object({
    toolCount: z.int(),
    fullTokens: tokens,
    listedTokens: tokens.meta({ description: 'Of what a list shows: the same, or the tools to find the others with' }),
    servers: z.array(z.object({ server: z.string(), toolCount: z.int(), tokens })),
    tools: z.array(z.object({ name: z.string(), tokens })).meta({ description: 'The dearest, at most twenty' }),
  }),
  status: 200,
} as const satisfies Operation;

export const SearchTools = {
  id: 'searchTools',
  method: 'POST',
  path: `${path}/search`,
  summary: 'Searches the tools of an endpoint as a client would',
  access: 'endpoint:read',
  params: ObjectParams,
  body: z.strictObject({ queries: z.array(z.string().min(1).max(2_000)).min(1).max(8), limit: z.int().min(1).max(20).default(5) }),
  answer: z.object({ text: z.string(), rows: z.record(z.string(), z.unknown()).meta({ description: 'By band: exact, strong, weak' }), tokens }),
  status: 200,
} as const satisfies Operation;

const share = z.number().min(0).max(1);
const EvaluationSchema = z
  .object({
    recallAt: z.object({ 1: share, 3: share, 5: share, 10: share }).meta({ description: 'Share of needs met within the first rows' }),
    hitAt1: share,
    unanswerable: z.object({ count: z.int(), strongCount: z.int() }),
    tokens: z.object({ median: z.number(), p90: z.number() }),
    misses: z.array(z.object({ query: z.string(), found: z.array(z.string()) })),
  })
  .meta({ id: 'SearchEvaluation', description: 'How well a search finds what it should' });
export type SearchEvaluation = z.infer<typeof EvaluationSchema>;

const ChangeSchema = z.object({ query: z.string(), before: z.number(), after: z.number() });

export const EvaluateSearch = {
  id: 'evaluateSearch',
  method: 'POST',
  path: `${path}/evaluation`,
  summary: 'Measures the search of an endpoint on queries whose tools are known, and against another configuration',
  access: 'endpoint:read',
  params: ObjectParams,
  body: z.strictObject({
    cases: z
      .array(z.strictObject({ query: z.string().min(1).max(10_000), tools: z.array(z.union([z.string(), z.array(z.string()).min(1)])) }))
      .min(1)
      .max(5_000)
      .meta({ description: 'Each entry of tools is one need; a list in it means that any of these meets it. None: nothing should be found' }),
    against: z.strictObject({ text: z.string().max(4_000_000), name: z.string().max(200) }).optional().meta({ description: 'A configuration file with an endpoint of the same name' }),
  }),
  answer: z.object({
    evaluation: EvaluationSchema,
    against: EvaluationSchema.nullable(),
    difference: z.object({ recallAt5: z.number(), hitAt1: z.number(), medianTokens: z.number(), better: z.array(ChangeSchema), worse: z.array(ChangeSchema) }).nullable(),
  }),
  status: 200,
} as const satisfies Operation;

export const ExplainRoute = {
  id: 'explainRoute',
  method: 'POST',
  path: `${path}/route`,
  summary: 'Says which member a call of a capability group would go to, and why; calls nothing',
  access: 'endpoint:read',
  params: ObjectParams,
  body: z.strictObject({ group: z.string().max(64), arguments: z.record(z.string(), z.unknown()).default({}), agent: z.string().max(200).optional(), stage: z.string().max(200).optional() }),
  answer: z.object({
    group: z.string(),
    member: z.string().nullable(),
    reason: z.string().nullable(),
    rule: z.string().nullable(),
    arguments: z.record(z.string(), z.unknown()).nullable(),
    order: z.array(z.string()),
    refused: z.record(z.string(), z.string()),
  }),
  status: 200,
} as const satisfies Operation;

export const PreviewToolRule = {
  id: 'previewToolRule',
  method: 'POST',
  path: `${path}/rule-preview`,
  summary: 'The tools that an endpoint would have with this rule',
  access: 'endpoint:read',
  params: ObjectParams,
  body: z.strictObject({ rule: ToolRuleSchema }),
  answer: z.object({ tools: z.array(z.string()), tokens }),
  status: 200,
} as const satisfies Operation;

export const SuggestGroups = {
  id: 'suggestGroups',
  method: 'GET',
  path: '/api/v1/namespaces/{name}/group-suggestions',
  summary: 'Tools of several servers that look alike and could be a capability group',
  access: 'namespace:read',
  params: ObjectParams,
  answer: z.object({ items: z.array(z.object({ tools: z.array(z.string()), reason: z.string() })) }),
  status: 200,
} as const satisfies Operation;
