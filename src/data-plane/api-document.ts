/** The tools of an endpoint as an OpenAPI 3.1 document, as its caller may see them. */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import type { Entry } from './catalog.ts';

const RESULT: JsonObject = {
  type: 'object',
  description: 'The result of the tool: blocks of content, and structured content where the tool has some.',
  required: ['content'],
  properties: { content: { type: 'array', items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, text: { type: 'string' } } } }, structuredContent: {}, isError: { type: 'boolean' } },
};
const PROBLEM: JsonObject = {
  type: 'object',
  description: 'RFC 9457: what went wrong.',
  required: ['type', 'title', 'status'],
  properties: { type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' }, detail: { type: 'string' }, instance: { type: 'string' }, retryable: { type: 'boolean' }, outcome: { enum: ['not_executed', 'unknown', 'executed'], description: 'Whether the tool did its work' }, server: { type: 'string' } },
};
/** What may come instead of a result. */
const PROBLEMS = ['400', '401', '403', '404', '422', '429', '502', '503', '504'];

export interface ApiFacts {
  readonly endpoint: string;
  readonly description: string;
  readonly version: string;
  readonly auth: { readonly apiKey: boolean; readonly oauth: boolean };
}

export function apiDocument(entries: readonly Entry[], { endpoint, description, version, auth }: ApiFacts): JsonObject {
  const taken = new Set<string>();
  const schemas: Record<string, JsonObject> = { ToolResult: RESULT, Problem: PROBLEM };
  const paths: Record<string, JsonObject> = {};
  for (const { exposed, definition, member } of entries) {
    const id = uniqueId(exposed, taken);
    const input = rebased(definition['inputSchema'], `${id}_input`);
    schemas[`${id}_input`] = input;
    const output = isObject(definition['outputSchema']) ? `${id}_output` : undefined;
    if (output !== undefined) schemas[output] = rebased(definition['outputSchema'], output);
    paths[`/${encodeURIComponent(exposed)}`] = { [takesArguments(input) ? 'post' : 'get']: operationOf({ id, definition, tag: member.as }, input, output) };
  }
  const schemes = [...(auth.apiKey ? [['key', { type: 'apiKey', in: 'header', name: 'X-API-Key' }] as const] : []), ...(auth.apiKey || auth.oauth ? [['bearer', { type: 'http', scheme: 'bearer' }] as const] : [])];
  return {
    openapi: '3.1.0',
    info: { title: `MetaMCP endpoint ${endpoint}`, version, ...(description === '' ? {} : { description }) },
    servers: [{ url: `/metamcp/${endpoint}/api` }],
    ...(schemes.length === 0 ? {} : { security: schemes.map(([name]) => ({ [name]: [] })) }),
    tags: [...new Set(entries.map(({ member }) => member.as))].map((name) => ({ name })),
    paths,
    components: { schemas, ...(schemes.length === 0 ? {} : { securitySchemes: Object.fromEntries(schemes) }) },
  };
}

/** A tool without arguments can be called with GET. */
export function takesArguments(inputSchema: JsonValue | undefined): boolean {
  if (!isObject(inputSchema)) return false;
  const { properties } = inputSchema;
  return (isObject(properties) && Object.keys(properties).length > 0) || ['anyOf', 'allOf', 'oneOf', '$ref'].some((key) => key in inputSchema) || isObject(inputSchema['additionalProperties']);
}

function operationOf({ id, definition, tag }: { readonly id: string; readonly definition: JsonObject; readonly tag: string }, input: JsonObject, output: string | undefined): JsonObject {
  const title = definition['title'];
  const reference = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });
  const result: JsonObject = output === undefined ? reference('ToolResult') : { allOf: [reference('ToolResult'), { type: 'object', properties: { structuredContent: reference(output) } }] };
  const problem = { description: 'It went wrong', content: { 'application/problem+json': { schema: reference('Problem') } } };
  return {
    operationId: id,
    summary: typeof title === 'string' ? title : String(definition['name'] ?? id),
    ...(typeof definition['description'] === 'string' ? { description: definition['description'] } : {}),
    tags: [tag],
    ...(takesArguments(input) ? { requestBody: { required: true, content: { 'application/json': { schema: reference(`${id}_input`) } } } } : {}),
    responses: { '200': { description: 'The result', content: { 'application/json': { schema: result } } }, ...Object.fromEntries(PROBLEMS.map((status) => [status, problem])) },
  };
}

/** References within a schema lead to its own place in the document. */
function rebased(schema: JsonValue | undefined, name: string): JsonObject {
  const move = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return (value as JsonValue[]).map(move);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
        if (member === undefined || key === '$schema' || key === '$id') return [];
        if (key === '$ref' && typeof member === 'string') return member.startsWith('#') ? [[key, `#/components/schemas/${name}${member.slice(1)}`]] : [];
        return [[key, move(member)]];
      }),
    );
  };
  const moved = isObject(schema) ? move(schema) : {};
  return isObject(moved) ? moved : {};
}

function uniqueId(exposed: string, taken: Set<string>): string {
  const plain = exposed.replace(/[^A-Za-z0-9]+/g, '_');
  let id = plain;
  for (let count = 2; taken.has(id); count++) id = `${plain}_${count}`;
  taken.add(id);
  return id;
}
