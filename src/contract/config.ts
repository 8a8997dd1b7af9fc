/** The settings of the process as the admin API shows them. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

export const EffectiveSettingSchema = z
  .object({
    name: z.string(),
    value: z.string().nullable().meta({ description: 'Null where it is not set; a secret is never here' }),
    source: z.string().meta({ description: 'Where it came from: a flag, a variable, a file, the default' }),
  })
  .meta({ id: 'EffectiveSetting' });

export const GetConfig = {
  id: 'getConfig',
  method: 'GET',
  path: '/api/v1/config',
  summary: 'Every effective setting of the process and where it came from',
  access: 'config:read',
  answer: z.object({
    generation: z.int().meta({ description: 'Rises with every published configuration' }),
    document: z.record(z.string(), z.unknown()).nullable().meta({ description: 'The effective configuration, secrets masked' }),
    settings: z.array(EffectiveSettingSchema),
    warnings: z.array(z.string()),
  }),
  status: 200,
} as const satisfies Operation;

const ValueSchema = z.unknown();

export const PlanItemSchema = z
  .object({
    action: z.enum(['create', 'update', 'delete']),
    kind: z.string().meta({ description: 'Section of the configuration, e.g. servers' }),
    name: z.string(),
    changes: z.array(
      z.object({
        path: z.string(),
        before: ValueSchema.optional(),
        after: ValueSchema.optional(),
        isSecret: z.boolean().meta({ description: 'Masked on both sides' }),
      }),
    ),
  })
  .meta({ id: 'PlanItem', description: 'What happens to one object' });

export const PlanSchema = z
  .object({
    items: z.array(PlanItemSchema),
    text: z.string().meta({ description: 'The same for people; "No changes." where there are none' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof PlanSchema>;

const reason = z.string().max(1_000).default('');

export const ApplyBodySchema = z.strictObject({
  text: z.string().max(900_000).meta({ description: 'A configuration file: ours in YAML or JSON, that of an MCP client, or a server.json of the registry' }),
  name: z.string().min(1).max(500).default('metamcp.yaml').meta({ description: 'Of the file: its ending says how it is read' }),
  source: z.string().min(1).max(500).nullable().default(null).meta({ description: 'Who owns what is made; what left the file of this name is deleted. Null: nobody, and nothing is deleted' }),
  mode: z.enum(['apply', 'import']).default('apply').meta({ description: 'import: servers are added to the namespace that is there, instead of replacing its list' }),
  reason,
});

export const PlanConfig = {
  id: 'planConfig',
  method: 'POST',
  path: '/api/v1/config/plan',
  summary: 'What applying a file would do; changes nothing',
  access: 'config:write',
  body: ApplyBodySchema,
  answer: PlanSchema,
  status: 200,
} as const satisfies Operation;

export const AppliedSchema = z
  .object({
    ...PlanSchema.shape,
    version: z.int().meta({ description: 'Of the configuration as it is now; 0 where there never was a change' }),
    keys: z.array(z.object({ name: z.string(), value: z.string() })).meta({ description: 'Keys that were made, shown this once' }),
  })
  .meta({ id: 'Applied' });
export type Applied = z.infer<typeof AppliedSchema>;

export const ApplyConfig = {
  id: 'applyConfig',
  method: 'POST',
  path: '/api/v1/config/apply',
  summary: 'Applies a file, whole or not at all',
  access: 'config:write',
  body: ApplyBodySchema,
  answer: AppliedSchema,
  status: 200,
  isIdempotent: true,
} as const satisfies Operation;

export const EXPORT_FORMATS = ['yaml', 'json', 'mcpServers', 'vscode', 'portable', 'lock'] as const;

export const ExportConfig = {
  id: 'exportConfig',
  method: 'GET',
  path: '/api/v1/config/export',
  summary: 'The configuration as a file that can be applied again; values that could be secrets are masked, which keeps them',
  access: 'config:read',
  query: z.strictObject({
    format: z.enum(EXPORT_FORMATS).default('yaml').meta({ description: 'mcpServers and vscode: for MCP clients; portable: secrets as ${NAME}; lock: hashes of what was approved' }),
    namespace: z.string().max(200).optional().meta({ description: 'Only this namespace, its servers and endpoints' }),
  }),
  answer: z.object({ text: z.string(), variables: z.array(z.string()).meta({ description: 'Names that stand for secrets, in portable forms' }) }),
  status: 200,
} as const satisfies Operation;

export const ConfigVersionSchema = z
  .object({ number: z.int(), at: z.iso.datetime(), author: z.string(), reason: z.string() })
  .meta({ id: 'ConfigVersion' });
export type ConfigVersion = z.infer<typeof ConfigVersionSchema>;

export const ListConfigVersions = {
  id: 'listConfigVersions',
  method: 'GET',
  path: '/api/v1/config/versions',
  summary: 'Versions of the configuration, newest first',
  access: 'config:read',
  query: z.strictObject({ cursor: z.string().regex(/^\d{1,9}$/).optional(), limit: z.coerce.number().int().min(1).max(500).default(50) }),
  answer: z.object({ items: z.array(ConfigVersionSchema), nextCursor: z.string().nullable() }),
  status: 200,
} as const satisfies Operation;

export const ReleaseObjects = {
  id: 'releaseObjects',
  method: 'POST',
  path: '/api/v1/config/release',
  summary: 'Takes objects from the configuration file that owns them: they stay as they are and can be changed here',
  access: 'config:write',
  body: z.strictObject({
    source: z.string().min(1).max(500).meta({ description: 'The file, as managedBy names it' }),
    names: z.array(z.string().min(1).max(300)).min(1).max(10_000).nullable().default(null).meta({ description: 'section.name of each; null: all it owns' }),
    reason,
  }),
  answer: z.object({ released: z.array(z.string()) }),
  status: 200,
} as const satisfies Operation;

const number = z.string().regex(/^\d{1,9}$/);

export const DiffConfig = {
  id: 'diffConfig',
  method: 'GET',
  path: '/api/v1/config/versions/{number}/diff/{other}',
  summary: 'What changed from one version to another',
  access: 'config:read',
  params: z.strictObject({ number, other: number }),
  answer: PlanSchema,
  status: 200,
} as const satisfies Operation;

export const RollbackConfig = {
  id: 'rollbackConfig',
  method: 'POST',
  path: '/api/v1/config/rollback',
  summary: 'Makes the configuration what it was in a version, as a new version',
  access: 'config:write',
  body: z.strictObject({ number: z.int().min(1), reason, dryRun: z.boolean().default(false) }),
  answer: AppliedSchema,
  status: 200,
} as const satisfies Operation;
