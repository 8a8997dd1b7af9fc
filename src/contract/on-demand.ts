/** Templates, servers on demand and their events, as the admin API shows them. */
import { z } from 'zod';
import { CHILD_EVENT_KINDS } from '../model/child-event.ts';
import { TEMPLATE_NAME, TemplateSchema as TemplateDataSchema } from '../model/template.ts';
import type { Operation } from './operation.ts';

const instant = z.iso.datetime();
const templateName = z.string().regex(TEMPLATE_NAME);
const id = z.string().min(1).max(200);

export const TemplateSchema = z
  .object({ ...TemplateDataSchema.shape, origin: z.enum(['shipped', 'imported']), digest: z.string().meta({ description: 'Of its data and file, hex' }) })
  .meta({ id: 'Template', description: 'A small MCP server as data and a file' });

export const ListTemplates = { id: 'listTemplates', method: 'GET', path: '/api/v1/templates', summary: 'Templates that servers can be made of', access: 'server:read', answer: z.object({ items: z.array(TemplateSchema) }), status: 200 } as const satisfies Operation;

export const ImportTemplate = {
  id: 'importTemplate',
  method: 'POST',
  path: '/api/v1/templates',
  summary: 'Imports a template, in place of an imported one of its name. Its file runs on this machine',
  access: 'process:define',
  body: z.strictObject({ template: TemplateDataSchema, source: z.string().min(1).max(1_000_000).meta({ description: 'Text of the file; it exports createTools' }) }),
  answer: TemplateSchema,
  status: 201,
} as const satisfies Operation;

export const ExportTemplate = {
  id: 'exportTemplate',
  method: 'GET',
  path: '/api/v1/templates/{name}/export',
  summary: 'A template in the form in which it can be imported elsewhere',
  access: 'server:read',
  params: z.strictObject({ name: templateName }),
  answer: z.object({ template: z.object(TemplateDataSchema.shape), source: z.string() }),
  status: 200,
} as const satisfies Operation;

export const DeleteTemplate = { id: 'deleteTemplate', method: 'DELETE', path: '/api/v1/templates/{name}', summary: 'Removes an imported template', access: 'process:define', params: z.strictObject({ name: templateName }), answer: TemplateSchema, status: 200 } as const satisfies Operation;

export const ChildSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    source: z.string().meta({ description: 'A template, or script' }),
    principal: z.string().meta({ description: 'Whose it is; empty while it waits in the pool' }),
    status: z.string(),
    pid: z.int().nullable(),
    createdAt: instant,
    idleMs: z.number(),
    memoryBytes: z.number(),
    cpuMs: z.number(),
    processes: z.int(),
    calls: z.int(),
    errors: z.int(),
  })
  .meta({ id: 'Child', description: 'A server that was made on demand' });

export const ListChildren = { id: 'listChildren', method: 'GET', path: '/api/v1/children', summary: 'Servers on demand that run now', access: 'session:read', answer: z.object({ items: z.array(ChildSchema), hasSandbox: z.boolean() }), status: 200 } as const satisfies Operation;

export const StopChild = { id: 'stopChild', method: 'DELETE', path: '/api/v1/children/{id}', summary: 'Stops a server on demand', access: 'session:end', params: z.strictObject({ id }), answer: ChildSchema, status: 200 } as const satisfies Operation;

export const ChildEventSchema = z
  .object({ id: z.string(), at: instant, kind: z.enum(CHILD_EVENT_KINDS), serverId: z.string(), source: z.string(), principal: z.string(), detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])) })
  .meta({ id: 'ChildEvent' });

export const WatchChildEvents = {
  id: 'watchChildEvents',
  method: 'GET',
  path: '/api/v1/child-events/stream',
  summary: 'What happens to servers on demand from now on, as server-sent events',
  access: 'log:read',
  query: z.strictObject({ kind: z.enum(CHILD_EVENT_KINDS).optional(), serverId: id.optional() }),
  answer: z.string(),
  stream: ['text/event-stream'],
  status: 200,
} as const satisfies Operation;

export const ListChildEvents = {
  id: 'listChildEvents',
  method: 'GET',
  path: '/api/v1/child-events',
  summary: 'What happened to servers on demand, newest first',
  access: 'log:read',
  query: z.strictObject({ kind: z.enum(CHILD_EVENT_KINDS).optional(), serverId: id.optional(), principal: z.string().max(200).optional(), before: id.optional(), limit: z.coerce.number().int().min(1).max(500).default(100) }),
  answer: z.object({ items: z.array(ChildEventSchema) }),
  status: 200,
} as const satisfies Operation;
