/** Capability groups as they are written in the configuration. */
import { z } from 'zod';
import { OVERRIDE_KEY } from './config-names.ts';
import { GROUP_CHOICES } from './group.ts';
import { BoundSchema, GlobsSchema } from './policy-config.ts';

/** A word or several with dots between, never `__`: it cannot be the name of a server's tool. */
export const GROUP_NAME = {
  pattern: /^(?=.{1,64}$)[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+$/,
  expected: 'expected a name of words with dots between, such as web.search, at most 64 characters',
};

const tag = z.string().min(1).max(64);
const memberKey = z.string().regex(OVERRIDE_KEY.pattern, OVERRIDE_KEY.expected);

const GroupMemberSchema = z.strictObject({
  tool: memberKey.describe('{server}__{own name}'),
  priority: z.int().min(-1_000).max(1_000).default(0).describe('Lower is chosen first.'),
  cost: z.number().min(0).default(0).describe('Of one call, in whatever unit all members share.'),
  weight: z.number().min(0).max(1_000_000).default(1),
  tags: z.array(tag).max(50).default([]).describe('What rules may ask for, e.g. a region.'),
  arguments: z
    .record(z.string(), z.union([z.string().min(1), z.literal(false)]))
    .default({})
    .describe("The member's name of each argument, by the group's; false: not sent."),
  fixed: z.record(z.string(), z.json()).default({}).describe('Always sent to this member.'),
  idempotent: z.boolean().default(false).describe('A second call does no harm, so another member may be tried when this one fails.'),
});

const GroupRuleSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected 1 to 64 letters, digits, "_", "." and "-"')
      .optional(),
    agents: GlobsSchema.optional().describe('Labels of the caller.'),
    stages: GlobsSchema.optional(),
    endpoints: GlobsSchema.optional(),
    arguments: z.array(BoundSchema).max(100).default([]).describe('All must hold.'),
    use: z.string().min(1).optional().describe('A member, or another group.'),
    tags: z.array(tag).max(50).default([]).describe('Only members with all of these.'),
    reason: z.string().max(1_000).optional(),
  })
  .refine((rule) => (rule.use === undefined) !== (rule.tags.length === 0), 'expected either use or tags');

export const GroupConfigSchema = z.strictObject({
  description: z.string().max(10_000).default(''),
  inputSchema: z.record(z.string(), z.json()).optional().describe('Without it, that of the first member that is there.'),
  members: z.array(GroupMemberSchema).min(1).max(100),
  choose: z.enum(GROUP_CHOICES).default('priority').describe('What decides first among members that could be called.'),
  rules: z.array(GroupRuleSchema).max(1_000).default([]).describe('The first that fits counts.'),
});

export type GroupConfig = z.infer<typeof GroupConfigSchema>;
