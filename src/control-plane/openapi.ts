/** The admin API as OpenAPI 3.1, made from the schemas that validate. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Operation } from '../contract/operation.ts';
import { PROBLEM_TYPE, ProblemSchema } from '../contract/problem.ts';
import { EndpointConfigSchema } from '../model/endpoint-config.ts';
import { NamespaceConfigSchema } from '../model/namespace-config.ts';
import { PolicyConfigSchema } from '../model/policy-config.ts';
import { ServerConfigSchema } from '../model/server-config.ts';
import { PAGE_HEADER } from '../contract/page-header.ts';

const TOKEN_SCHEME = 'operatorToken';
const COOKIE_SCHEME = 'signIn';

/** The same operations make the same bytes. */
export function toOpenApi(operations: readonly Operation[], version: string): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', TOKEN_SCHEME, {
    type: 'http',
    scheme: 'bearer',
    description: 'The operator token: gateway.json in the data folder of a running gateway has it.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', COOKIE_SCHEME, {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-metamcp-sign-in',
    description: `The cookie of a sign-in. A change with it also needs the headers Origin and ${PAGE_HEADER}.`,
  });
  for (const operation of operations) app.openAPIRegistry.registerPath(toPath(operation));
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'MetaMCP admin API', version } });
  const schemas: Record<string, object> = { ...document.components?.schemas };
  for (const [id, schema] of Object.entries(CONFIG_SCHEMAS)) if (id in schemas) schemas[id] = toComponent(id, schema);
  return { ...document, components: { ...document.components, schemas } };
}

/** The bodies of objects are those of the configuration file; the library below cannot read all that is in them. */
const CONFIG_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ServerConfig: ServerConfigSchema,
  PolicyConfig: PolicyConfigSchema,
  NamespaceConfig: NamespaceConfigSchema,
  EndpointConfig: EndpointConfigSchema,
};

function toComponent(id: string, schema: z.ZodType): object {
  const { $schema: _dialect, ...component } = z.toJSONSchema(schema, { io: 'input' });
  // Within the document its own definitions lie deeper.
  return JSON.parse(JSON.stringify(component).replaceAll('"#/$defs/', `"#/components/schemas/${id}/$defs/`)) as object;
}

const IF_MATCH = z.object({ 'If-Match': z.string().optional().meta({ description: 'ETag of the version that is meant; another is refused with 412' }) });
const IDEMPOTENCY_KEY = z.object({ 'Idempotency-Key': z.string().max(255).optional().meta({ description: 'The same key with the same request within a day: done once, answered again' }) });

function headersOf({ isVersioned, isIdempotent, method }: Operation): z.ZodObject | undefined {
  if (isIdempotent === true) return IDEMPOTENCY_KEY;
  return (isVersioned === true && method !== 'GET') || method === 'DELETE' ? IF_MATCH : undefined;
}

type Path = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0];

function toPath(operation: Operation): Path {
  const { id, path, summary, access, params, query, body, answer, status } = operation;
  const headers = headersOf(operation);
  const json = { 'application/json': { schema: answer } };
  return {
    operationId: id,
    method: operation.method.toLowerCase() as Lowercase<Operation['method']>,
    path,
    summary,
    security: access === 'public' ? [] : [{ [TOKEN_SCHEME]: [] }, { [COOKIE_SCHEME]: [] }],
    'x-permission': access,
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(headers && { headers }),
      ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      [status]: { description: 'Done', content: json, ...(operation.isVersioned && { headers: { ETag: { description: 'The version, for If-Match', schema: { type: 'string' as const } } } }) },
      ...(operation.isUnavailable && { 503: { description: 'Not now', content: json } }),
      default: { description: 'Refused', content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } },
    },
  };
}
