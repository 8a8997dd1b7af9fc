/** Inspections: an address of one's own, for a while, through which a server, namespace or endpoint is looked at as a chosen principal. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

const TargetSchema = z.strictObject({
  kind: z.enum(['server', 'namespace', 'endpoint']),
  name: z.string().min(1).max(200),
});

const IdSchema = z.string().regex(/^[A-Za-z0-9_-]{16,64}$/);

const InspectionSchema = z
  .object({
    id: z.string(),
    target: TargetSchema,
    path: z.string().meta({ description: 'Where MCP is spoken, in every revision over Streamable HTTP' }),
    principal: z.object({ kind: z.string(), name: z.string() }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Inspection' });

export const OpenInspection = {
  id: 'openInspection',
  method: 'POST',
  path: '/api/v1/inspections',
  summary: 'Opens an inspection as yourself, or with the permission for that as a key or user',
  access: 'inspection:open',
  body: z.strictObject({
    target: TargetSchema,
    as: z
      .union([z.strictObject({ key: z.string().min(1).max(200) }), z.strictObject({ user: z.string().min(1).max(200) })])
      .optional()
      .meta({ description: 'Id of the key or user whose view is wanted' }),
  }),
  answer: InspectionSchema.extend({ token: z.string().meta({ description: 'For `Authorization: Bearer`, shown this once' }) }),
  status: 201,
} as const satisfies Operation;

export const ListInspections = {
  id: 'listInspections',
  method: 'GET',
  path: '/api/v1/inspections',
  summary: 'Your open inspections',
  access: 'inspection:open',
  answer: z.object({ items: z.array(InspectionSchema) }),
  status: 200,
} as const satisfies Operation;

export const ListInspectionMessages = {
  id: 'listInspectionMessages',
  method: 'GET',
  path: '/api/v1/inspections/{id}/messages',
  summary: 'What went to and came from servers because of the requests of an inspection of yours',
  access: 'inspection:open',
  params: z.strictObject({ id: IdSchema }),
  query: z.strictObject({ after: z.coerce.number().int().min(0).default(0).meta({ description: 'Sequence number of the last message known' }) }),
  answer: z.object({
    items: z.array(
      z.object({
        sequence: z.int(),
        at: z.iso.datetime(),
        direction: z.enum(['sent', 'received']),
        server: z.string(),
        text: z.string().meta({ description: 'JSON; not whole where isCut' }),
        isCut: z.boolean(),
      }),
    ),
  }),
  status: 200,
} as const satisfies Operation;

export const CloseInspection = {
  id: 'closeInspection',
  method: 'DELETE',
  path: '/api/v1/inspections/{id}',
  summary: 'Closes an inspection of yours with its sessions',
  access: 'inspection:open',
  params: z.strictObject({ id: IdSchema }),
  answer: InspectionSchema,
  status: 200,
} as const satisfies Operation;
