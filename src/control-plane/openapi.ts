/** The admin API as OpenAPI 3.1, made from the schemas that validate. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Operation } from '../contract/operation.ts';
import { PROBLEM_TYPE, ProblemSchema } from '../contract/problem.ts';

const SECURITY_SCHEME = 'operatorToken';

/** The same operations make the same bytes. */
export function toOpenApi(operations: readonly Operation[], version: string): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', SECURITY_SCHEME, {
    type: 'http',
    scheme: 'bearer',
    description: 'The operator token: gateway.json in the data folder of a running gateway has it.',
  });
  for (const operation of operations) app.openAPIRegistry.registerPath(toPath(operation));
  return app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'MetaMCP admin API', version } });
}

type Path = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0];

function toPath(operation: Operation): Path {
  const { id, path, summary, access, params, query, body, answer, status } = operation;
  const json = { 'application/json': { schema: answer } };
  return {
    operationId: id,
    method: operation.method.toLowerCase() as Lowercase<Operation['method']>,
    path,
    summary,
    security: access === 'public' ? [] : [{ [SECURITY_SCHEME]: [] }],
    'x-permission': access,
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      [status]: { description: 'Done', content: json },
      ...(operation.isUnavailable && { 503: { description: 'Not now', content: json } }),
      default: { description: 'Refused', content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } },
    },
  };
}
