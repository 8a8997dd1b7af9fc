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
export type EffectiveSetting = z.infer<typeof EffectiveSettingSchema>;

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
