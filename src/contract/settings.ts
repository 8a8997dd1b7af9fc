/** Settings of the instance in the admin API: those that change while it runs, and what the start decided. */
import { z } from 'zod';
import { LiveSettingsSchema } from '../model/live-settings.ts';
import { EffectiveSettingSchema } from './config.ts';
import type { Operation } from './operation.ts';

/** Null takes a setting back to its default. */
const PatchSchema = z.strictObject(Object.fromEntries(Object.entries(LiveSettingsSchema.shape).map(([name, schema]) => [name, schema.nullable()])) as NullableShape);
type NullableShape = { [Name in keyof typeof LiveSettingsSchema.shape]: z.ZodNullable<(typeof LiveSettingsSchema.shape)[Name]> };

export const InstanceSettingsSchema = z
  .object({
    version: z.int().meta({ description: 'Rises with every change made here; also the ETag' }),
    settings: z.object(LiveSettingsSchema.required().shape).meta({ id: 'LiveSettings', description: 'What holds now' }),
    origins: z.record(z.string(), z.string()).meta({ description: 'Where each came from: default, set (here or by a version), file NAME, or the flag or variable of this start' }),
    locked: z.array(z.string()).meta({ description: 'Names that cannot be set here: a file, flag or variable decides them' }),
    process: z.array(EffectiveSettingSchema).meta({ description: 'What the start decided, such as the public address; read only' }),
  })
  .meta({ id: 'InstanceSettings', description: 'Settings of the instance' });
export type InstanceSettings = z.infer<typeof InstanceSettingsSchema>;

export const GetSettings = {
  id: 'getSettings',
  method: 'GET',
  path: '/api/v1/settings',
  summary: 'Settings of the instance, and where each came from',
  access: 'settings:read',
  answer: InstanceSettingsSchema,
  status: 200,
  isVersioned: true,
} as const satisfies Operation;

export const PatchSettings = {
  id: 'patchSettings',
  method: 'PATCH',
  path: '/api/v1/settings',
  summary: 'Changes settings of the instance; they hold at once and after a restart. Null takes one back to its default; heeds If-Match',
  access: 'settings:write',
  body: z.strictObject({ settings: PatchSchema, reason: z.string().max(1_000).optional().meta({ description: 'Kept with the version of the configuration' }) }),
  answer: InstanceSettingsSchema,
  status: 200,
  isVersioned: true,
} as const satisfies Operation;
