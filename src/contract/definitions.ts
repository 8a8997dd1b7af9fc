/** Definitions of tools and prompts, held against what was approved of them. */
import { z } from 'zod';
import { DEFINITION_KINDS } from '../model/definition.ts';
import type { Operation } from './operation.ts';

export const DEFINITION_STATES = ['pinned', 'new', 'changed', 'rejected'] as const;

const kind = z.enum(DEFINITION_KINDS);
const text = z.string().min(1).max(1_000);
const hash = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hexadecimal digits');
const flag = z.enum(['true', 'false']).default('false').transform((word) => word === 'true');

export const DefinitionSchema = z
  .object({
    namespace: z.string(),
    server: z.string(),
    as: z.string().meta({ description: 'The name of the server in the namespace' }),
    kind,
    name: z.string().meta({ description: 'Own name; characters that cannot be seen are spelled out' }),
    state: z.enum(DEFINITION_STATES).meta({ description: 'pinned: as approved; new: nothing was decided; changed: another was approved; rejected: refused by a person' }),
    isQuarantined: z.boolean().meta({ description: 'Not listed and not callable' }),
    isFlagged: z.boolean().meta({ description: 'A person should look' }),
    reasons: z.array(z.string()),
    score: z.number().meta({ description: 'Of words that speak to the model instead of describing' }),
    hash: z.string(),
    pinnedHash: z.string().nullable(),
    decidedAt: z.iso.datetime().nullable(),
    decidedBy: z.string().nullable(),
    changes: z
      .array(z.object({ at: z.string(), parts: z.array(z.object({ kind: z.enum(['same', 'removed', 'added']), text: z.string() })) }))
      .meta({ description: 'Word by word, from what was approved, or from nothing, to what is there now' }),
  })
  .meta({ id: 'Definition', description: 'A definition as it is now, and what was decided about it' });
export type Definition = z.infer<typeof DefinitionSchema>;

export const ListDefinitions = {
  id: 'listDefinitions',
  method: 'GET',
  path: '/api/v1/definitions',
  summary: 'Definitions of tools and prompts, and what waits for a decision',
  access: 'definition:read',
  query: z.strictObject({
    namespace: text.optional(),
    server: text.optional(),
    state: z.enum(DEFINITION_STATES).optional(),
    open: flag.meta({ description: 'Only what is flagged or quarantined' }),
  }),
  answer: z.object({ items: z.array(DefinitionSchema) }),
  status: 200,
} as const satisfies Operation;

export const ApproveDefinitions = {
  id: 'approveDefinitions',
  method: 'POST',
  path: '/api/v1/definitions/approve',
  summary: 'Approves one definition, those of a server, or all of a namespace as they are now',
  access: 'definition:decide',
  body: z.strictObject({
    namespace: text,
    server: text.optional(),
    kind: kind.optional(),
    name: text.optional().meta({ description: 'As it is listed' }),
    hash: hash.optional().meta({ description: 'Only if it is still this one: what was looked at is what is approved' }),
  }),
  answer: z.object({ approved: z.array(z.object({ server: z.string(), kind, name: z.string(), hash: z.string() })) }),
  status: 200,
} as const satisfies Operation;

export const RejectDefinition = {
  id: 'rejectDefinition',
  method: 'POST',
  path: '/api/v1/definitions/reject',
  summary: 'Refuses a definition as it is now: it is neither listed nor callable until it changes',
  access: 'definition:decide',
  body: z.strictObject({ namespace: text, server: text, kind, name: text, hash: hash.optional() }),
  answer: z.object({ rejected: z.object({ server: z.string(), kind, name: z.string(), hash: z.string() }) }),
  status: 200,
} as const satisfies Operation;
