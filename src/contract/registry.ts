/** Servers of the official registry's form, from the instance's catalogue file, as the admin API shows them. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

const anyObject = z.record(z.string(), z.unknown());

export const RegistryEntrySchema = z
  .object({
    name: z.string().meta({ description: 'As the registry has it' }),
    title: z.string(),
    description: z.string(),
    version: z.string().nullable(),
    isPinned: z.boolean().meta({ description: 'Its package is named with an exact version, or it is reached at an address' }),
    server: z.string().meta({ description: 'Name that it gets here' }),
    config: anyObject.meta({ description: 'What POST /api/v1/servers takes as config' }),
    installedVersion: z.string().nullable().meta({ description: 'Of the server of that name here, where it is one of these packages' }),
    hasUpdate: z.boolean(),
    integrity: z.string().nullable().meta({ description: 'Hash of the package, as the registry has it; recorded in config' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'RegistryEntry' });

export const ListRegistry = {
  id: 'listRegistry',
  method: 'GET',
  path: '/api/v1/registry',
  summary: 'Servers of the catalogue file, what each would be here, and which have a newer version there',
  access: 'server:read',
  query: z.strictObject({ q: z.string().max(200).optional() }),
  answer: z.object({ items: z.array(RegistryEntrySchema), problems: z.array(z.string()) }),
  status: 200,
} as const satisfies Operation;

export const ResolveRegistryServer = {
  id: 'resolveRegistryServer',
  method: 'POST',
  path: '/api/v1/registry/resolve',
  summary: 'What a server.json of the official registry would be here. Stores and starts nothing',
  access: 'server:read',
  body: z.strictObject({ server: anyObject.meta({ description: 'server.json' }) }),
  answer: RegistryEntrySchema,
  status: 200,
} as const satisfies Operation;
