/** A namespace as it is written in the configuration. */
import { z } from 'zod';
import { namedRecord, OVERRIDE_KEY, SERVER_NAME } from './config-names.ts';
import { INTEGRITY_MODES } from './definition.ts';
import { GROUP_NAME, GroupConfigSchema } from './group-config.ts';
import { LimitConfigSchema } from './limit-config.ts';
import { MiddlewareConfigSchema } from './middleware-config.ts';
import { RiskLabelsSchema } from './policy-config.ts';
import { PolicyEngineSchema } from './policy-engine.ts';

const serverName = z.string().regex(SERVER_NAME.pattern, SERVER_NAME.expected);

const MemberConfigSchema = z.union([
  serverName,
  z.strictObject({
    server: serverName.describe('Name of a server.'),
    as: serverName.describe('The name under which this namespace shows it.'),
  }),
]);

/** Characters and length that the specification (server/tools, "Tool Names") allows. */
const toolName = z.string().regex(/^[A-Za-z0-9_./-]{1,128}$/, 'expected 1 to 128 letters, digits, "_", "-", "." and "/"');

const argumentValues = z.record(z.string(), z.json());

const ArgumentsConfigSchema = z.strictObject({
  defaults: argumentValues.default({}).describe('Used where the client leaves the argument out.'),
  fixed: argumentValues.default({}).describe('Always sent, whatever the client says; hidden from the schema.'),
  hidden: z.array(z.string()).default([]).describe('Taken out of the schema and refused from the client.'),
});

const overrideFields = {
  enabled: z.boolean().default(true).describe('false: not listed and not callable.'),
  title: z.string().optional(),
  description: z.string().optional(),
  annotations: z.record(z.string(), z.json()).optional().describe("Merged over the server's."),
  _meta: z.record(z.string(), z.json()).optional().describe("Merged over the server's."),
};

const ToolOverrideSchema = z.strictObject({
  name: toolName.optional().describe('The exposed name.'),
  ...overrideFields,
  arguments: ArgumentsConfigSchema.optional(),
  keywords: z.array(z.string().min(1).max(100)).max(50).default([]).describe('Further words and names to find it by.'),
  tags: z.array(z.string().min(1).max(64)).max(50).default([]).describe('What rules of endpoints choose it by.'),
});
const PromptOverrideSchema = ToolOverrideSchema;
const ResourceOverrideSchema = z.strictObject({ name: z.string().min(1).optional().describe('Shown to people; the URI stays.'), ...overrideFields });

export type OverrideConfig = z.infer<typeof ToolOverrideSchema> | z.infer<typeof ResourceOverrideSchema>;

export const NamespaceConfigSchema = z.strictObject({
  description: z.string().max(10_000).default('').describe('For people, and part of the instructions for clients.'),
  servers: z.array(MemberConfigSchema).default([]).describe('Servers, in the order that decides collisions of names.'),
  names: z
    .strictObject({
      prefix: z.enum(['server', 'none']).default('server').describe('Whether exposed names begin with the name of the server.'),
      separator: z.enum(['__', '.', '/']).default('__').describe('Between the name of the server and the own name.'),
    })
    .default({ prefix: 'server', separator: '__' }),
  middleware: z.array(MiddlewareConfigSchema).default([]).describe('Steps around every call, outermost first.'),
  policies: z.array(z.string()).default([]).describe('Names of policies; all of them count.'),
  default: z.enum(['allow', 'deny']).default('allow').describe('What holds where no rule matches. Any allow rule makes it deny.'),
  integrity: z
    .enum(INTEGRITY_MODES)
    .default('flag')
    .describe('New and changed definitions of tools and prompts: shown and flagged, or quarantined until they are approved.'),
  engine: PolicyEngineSchema.optional(),
  limits: z.array(LimitConfigSchema).max(1_000).default([]).describe('Hold at every endpoint of this namespace.'),
  risks: RiskLabelsSchema.default({}).describe(
    'What tools may do, by {server}__{own name} with "*": read-only, write or destructive. Tools without a label count as destructive.',
  ),
  groups: namedRecord(GROUP_NAME, GroupConfigSchema).default({}).describe('Capability groups: tools that do the same, callable under one name.'),
  tools: namedRecord(OVERRIDE_KEY, ToolOverrideSchema).default({}).describe('Overrides by {server}__{own name}.'),
  prompts: namedRecord(OVERRIDE_KEY, PromptOverrideSchema).default({}).describe('Overrides by {server}__{own name}.'),
  resources: namedRecord(OVERRIDE_KEY, ResourceOverrideSchema).default({}).describe('Overrides by {server}__{uri or URI template}.'),
});

export type NamespaceConfig = z.infer<typeof NamespaceConfigSchema>;
export type MemberConfig = z.infer<typeof MemberConfigSchema>;
