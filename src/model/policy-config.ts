/**
 * Policies as they are written in the configuration: rules as data. A rule matches where all that it names holds;
 * among the matching rules of the highest priority deny wins over approve, and approve over allow.
 */
import { z } from 'zod';
import { compilePattern, PATTERN_CHARS_MAX } from '../base/linear-pattern.ts';
import { EFFECTS, RISKS } from './policy.ts';

const glob = z.string().min(1).max(512);
export const GlobsSchema = z.array(glob).min(1).max(1_000);

const LabelsMatchSchema = z.strictObject({ agent: GlobsSchema.optional(), stage: GlobsSchema.optional() });

export const WhoSchema = z
  .strictObject({
    kinds: z
      .array(z.enum(['anonymous', 'key', 'user', 'operator']))
      .min(1)
      .optional(),
    users: GlobsSchema.optional().describe('Names or ids of users.'),
    roles: GlobsSchema.optional(),
    groups: GlobsSchema.optional(),
    keys: GlobsSchema.optional().describe('Names of API keys.'),
    clients: GlobsSchema.optional().describe('Ids of OAuth clients.'),
    labels: LabelsMatchSchema.optional().describe('Labels of the key or client.'),
  })
  .describe('All that is named must fit; of a list, one. "*" stands for any run of characters.');

const WhatSchema = z.strictObject({
  endpoints: GlobsSchema.optional(),
  namespaces: GlobsSchema.optional(),
  servers: GlobsSchema.optional().describe('Configured names of servers.'),
  primitives: z
    .array(z.enum(['tool', 'prompt', 'resource', 'resourceTemplate']))
    .min(1)
    .optional(),
  names: GlobsSchema.optional().describe('Own names or URIs.'),
  risks: z.array(z.enum(RISKS)).min(1).optional().describe("The operator's labels; unlabelled tools are destructive."),
});

const linearPattern = z
  .string()
  .max(PATTERN_CHARS_MAX)
  .refine((pattern) => compilePattern(pattern) !== undefined, 'expected a regular expression in the syntax of RE2');

export const BoundSchema = z
  .strictObject({
    at: z
      .string()
      .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'expected a JSON pointer (RFC 6901), such as /path')
      .max(512)
      .describe('Where in the arguments.'),
    equals: z.json().optional(),
    in: z.array(z.json()).min(1).max(1_000).optional(),
    matches: linearPattern.optional().describe('Found anywhere in the text, unless anchored.'),
    min: z.number().optional(),
    max: z.number().optional(),
    maxLength: z.int().min(0).optional().describe('Of a text or a list.'),
    present: z.boolean().optional().describe('Whether there is anything.'),
    not: z.boolean().default(false).describe('true: holds where the rest does not.'),
  })
  .refine(({ at: _, not: __, ...bounds }) => Object.keys(bounds).length > 0, 'expected at least one of equals, in, matches, min, max, maxLength, present');

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const clockTime = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as 08:30');

export const TimeSchema = z.strictObject({
  days: z.array(z.enum(DAYS)).min(1).optional().describe('Without it: every day.'),
  from: clockTime.default('00:00'),
  to: clockTime.optional().describe('Not included. Before from: on the next day. Without it: midnight.'),
  not: z.boolean().default(false).describe('true: outside of these days and hours.'),
  timezone: z.string().refine(isTimezone, 'expected an IANA time zone such as Europe/Berlin').default('UTC'),
});

export const PolicyRuleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected 1 to 64 letters, digits, "_", "." and "-"')
    .optional()
    .describe('Shown where the rule decides.'),
  effect: z.enum(EFFECTS),
  priority: z.int().min(-1_000).max(1_000).default(0).describe('Rules of a higher priority are asked first.'),
  reason: z.string().max(1_000).optional().describe('For whoever reads the log.'),
  who: WhoSchema.optional(),
  what: WhatSchema.optional(),
  arguments: z.array(BoundSchema).max(100).optional().describe('All must hold.'),
  time: TimeSchema.optional(),
  when: z
    .string()
    .min(1)
    .max(4_000)
    .optional()
    .describe('A condition in CEL over principal, endpoint, namespace, server, primitive, name, method, risk, args and now. An error denies.'),
});

const ApprovalSchema = z.strictObject({
  users: z.array(z.string().min(1)).max(1_000).default([]).describe('Who may approve, by id, name or e-mail address, beside operators and administrators.'),
  groups: z.array(z.string().min(1)).max(1_000).default([]).describe('Whoever is in one of them may approve.'),
  selfApproval: z.boolean().default(false).describe('true: people may approve calls of their own keys.'),
  minutes: z.number().positive().max(10_080).default(15).describe('A request for approval, and an approval that was given, hold so long.'),
});

export const PolicyConfigSchema = z
  .strictObject({
    description: z.string().max(10_000).default(''),
    mode: z.enum(['enforce', 'shadow']).default('enforce').describe('shadow: decides and records, does not enforce.'),
    rules: z.array(PolicyRuleSchema).max(10_000).default([]),
    use: z.string().optional().describe('Name of a template whose rules come first.'),
    approval: ApprovalSchema.optional().describe('For rules with effect: approve.'),
    with: z.record(z.string(), z.json()).optional().describe('Parameters of the template.'),
  })
  .refine((policy) => policy.with === undefined || policy.use !== undefined, { path: ['with'], message: 'expected use, which with belongs to' });

/** Labels that risk is decided by: `{as}__{own name}`, `*` for any run of characters. */
export const RiskLabelsSchema = z.record(glob, z.enum(RISKS));

export type PolicyConfig = z.infer<typeof PolicyConfigSchema>;
export type PolicyRuleConfig = z.infer<typeof PolicyRuleSchema>;
/** A rule as someone writes it, before defaults. */
export type PolicyRuleInput = z.input<typeof PolicyRuleSchema>;
export type BoundConfig = z.infer<typeof BoundSchema>;
export type TimeConfig = z.infer<typeof TimeSchema>;

function isTimezone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).format(0) !== '';
  } catch {
    return false;
  }
}
