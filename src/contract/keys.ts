/** API keys as the admin API shows and changes them. A value is in one answer only: that which makes the key. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

const InstantSchema = z.iso.datetime();

export const KeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    endpoints: z.array(z.string()).meta({ description: 'Names of the endpoints it opens; * opens all' }),
    namespaces: z.array(z.string()).nullable().meta({ description: 'Only endpoints that offer one of these; null: any' }),
    tools: z.array(z.string()).nullable().meta({ description: 'The key opens only these tools and nothing else: {server}__{own name}, * for any characters; null: everything' }),
    formerUntil: InstantSchema.nullable().meta({ description: 'The value before the last rotation opens until then' }),
    source: z.enum(['starter', 'created', 'file']).meta({ description: 'The key of the start message, one made here, or one of the configuration file' }),
    owner: z.string().nullable().meta({ description: 'Id of the user it is private to; null: public' }),
    createdAt: InstantSchema.nullable().meta({ description: 'Null for a key of the file' }),
    expiresAt: InstantSchema.nullable().meta({ description: 'Null: never' }),
    lastUsedAt: InstantSchema.nullable(),
    revokedAt: InstantSchema.nullable(),
  })
  .meta({ id: 'Key', description: 'An API key, without its value' });
export type Key = z.infer<typeof KeySchema>;

export const ListKeys = {
  id: 'listKeys',
  method: 'GET',
  path: '/api/v1/keys',
  summary: 'Every key, oldest first: revoked ones too, then those of the configuration file',
  access: 'key:read',
  answer: z.object({ items: z.array(KeySchema) }),
  status: 200,
} as const satisfies Operation;

export const CreateKey = {
  id: 'createKey',
  method: 'POST',
  path: '/api/v1/keys',
  summary: 'Makes a key; its value is shown in this answer and never again',
  access: 'key:create',
  body: z.strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}+$/u),
    endpoints: z
      .array(z.string().regex(/^(\*|[a-zA-Z0-9_-]+)$/))
      .max(1_000)
      .default([])
      .meta({ description: 'Empty: all' }),
    namespaces: z.array(z.string().min(1).max(200)).min(1).max(1_000).nullable().default(null),
    tools: z.array(z.string().min(1).max(1_000)).min(1).max(1_000).nullable().default(null),
    expiresAt: z.iso.datetime({ offset: true }).nullable().default(null),
    visibility: z.enum(['public', 'private']).optional().meta({ description: 'Without it: public for who may change public objects, else private' }),
  }),
  answer: z.object({ ...KeySchema.shape, value: z.string() }),
  status: 201,
  isIdempotent: true,
} as const satisfies Operation;

export const RevokeKey = {
  id: 'revokeKey',
  method: 'DELETE',
  path: '/api/v1/keys/{id}',
  summary: 'Revokes a key at once and for good',
  access: 'key:revoke',
  params: z.strictObject({ id: z.string().regex(/^[\w:.-]{1,200}$/) }),
  answer: KeySchema,
  status: 200,
} as const satisfies Operation;

export const RotateKey = {
  id: 'rotateKey',
  method: 'POST',
  path: '/api/v1/keys/{id}/rotate',
  summary: 'Gives a key a new value, shown in this answer and never again; the old one opens for the overlap only',
  access: 'key:create',
  params: z.strictObject({ id: z.string().regex(/^[\w:.-]{1,200}$/) }),
  body: z.strictObject({ overlapSeconds: z.int().min(0).max(30 * 86_400).default(86_400).meta({ description: 'How long the old value still opens; 0: not at all' }) }),
  answer: z.object({ ...KeySchema.shape, value: z.string() }),
  status: 200,
} as const satisfies Operation;
