/** Middleware: what there is, with the schema of its options, and a chain tried on a sample. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

export const MiddlewareSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    manifestVersion: z.int(),
    description: z.string(),
    onFailure: z.enum(['closed', 'open']),
    options: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of `with`' }),
  })
  .meta({ id: 'Middleware' });

export const ListMiddleware = {
  id: 'listMiddleware',
  method: 'GET',
  path: '/api/v1/middleware',
  summary: 'Middleware that namespaces can use',
  access: 'namespace:read',
  answer: z.object({ items: z.array(MiddlewareSchema) }),
  status: 200,
} as const satisfies Operation;

const json = z.record(z.string(), z.unknown());
const globs = z.array(z.string().min(1).max(512)).min(1).max(1_000).optional();

/** As a namespace has it; open where the schema of the file is recursive, which documents of the API cannot say. */
const StepSchema = z.strictObject({ use: z.string().min(1).max(200), with: json.default({}), onFailure: z.enum(['closed', 'open']).optional(), servers: globs, names: globs });

export const TryMiddleware = {
  id: 'tryMiddleware',
  method: 'POST',
  path: '/api/v1/middleware/try',
  summary: 'Runs a chain of middleware around a sample call; nothing is sent to a server or service',
  access: 'namespace:read',
  body: z.strictObject({
    middleware: z.array(StepSchema).min(1).max(50),
    server: z.string().min(1).max(200).default('sample'),
    tool: z.string().min(1).max(200).default('sample'),
    arguments: json.default({}),
    definition: json.optional().meta({ description: 'Of the tool, as its server gives it' }),
    result: json.default({ content: [{ type: 'text', text: 'sample' }] }).meta({ description: 'What the server would answer' }),
  }),
  answer: z.object({
    arguments: json.nullable().meta({ description: 'What the server would get; null where it would not be asked' }),
    result: json.nullable(),
    definition: json.nullable().meta({ description: 'As clients would see it; null where it is left out or was not given' }),
    fault: z.object({ code: z.string(), message: z.string(), detail: z.string().nullable() }).nullable(),
    failures: z.array(z.object({ middleware: z.string(), hook: z.string(), detail: z.string() })).meta({ description: 'Of middleware itself, whether the call went on or not' }),
  }),
  status: 200,
} as const satisfies Operation;
