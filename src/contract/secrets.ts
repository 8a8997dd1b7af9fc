/** Named secrets as the admin API takes them. No answer ever holds a value. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

/** As `${secret:NAME}` writes it. */
const NameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,199}$/);

const SecretSchema = z
  .object({ name: z.string(), createdAt: z.iso.datetime(), updatedAt: z.iso.datetime(), usedBy: z.array(z.string()).meta({ description: 'Servers whose configuration names it' }) })
  .meta({ id: 'Secret', description: 'A named secret, without its value' });

export const ListSecrets = {
  id: 'listSecrets',
  method: 'GET',
  path: '/api/v1/secrets',
  summary: 'The names of all secrets, never their values',
  access: 'secret:read',
  answer: z.object({ items: z.array(SecretSchema) }),
  status: 200,
} as const satisfies Operation;

export const SetSecret = {
  id: 'setSecret',
  method: 'PUT',
  path: '/api/v1/secrets/{name}',
  summary: 'Sets the value of a secret; servers read it when they next connect',
  access: 'secret:write',
  params: z.strictObject({ name: NameSchema }),
  body: z.strictObject({ value: z.string().min(1).max(65_536) }),
  answer: SecretSchema,
  status: 200,
} as const satisfies Operation;

export const DeleteSecret = {
  id: 'deleteSecret',
  method: 'DELETE',
  path: '/api/v1/secrets/{name}',
  summary: 'Deletes a secret; servers that name it fail to connect until there is one again',
  access: 'secret:write',
  params: z.strictObject({ name: NameSchema }),
  answer: z.object({ name: z.string() }),
  status: 200,
} as const satisfies Operation;

export const RotateSecrets = {
  id: 'rotateSecrets',
  method: 'POST',
  path: '/api/v1/secrets/rotate',
  summary: 'Makes a new data key and seals every secret and grant with it, and digests every API key under a new pepper, while everything goes on',
  access: 'secret:rotate',
  answer: z.object({ dataKey: z.string(), secrets: z.int(), grants: z.int(), keys: z.int() }),
  status: 200,
} as const satisfies Operation;
