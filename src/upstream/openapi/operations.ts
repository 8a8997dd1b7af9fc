/** The operations of a document that become tools. */
import type { OperationFilter } from '../../model/builtin-server.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { inlineSchema } from './inline-schema.ts';
import { multipartSchema } from './multipart.ts';
import { answerOf } from './output-schema.ts';
import { follow } from './read-document.ts';

export const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head'] as const;
export type OperationMethod = (typeof METHODS)[number];

export interface OperationParameter {
  /** As the service knows it. */
  readonly name: string;
  /** As the tool's arguments name it. */
  readonly argument: string;
  readonly place: 'path' | 'query' | 'header' | 'cookie';
  readonly style: string;
  readonly explode: boolean;
  readonly isRequired: boolean;
}

export interface ApiOperation {
  /** Name of the tool. */
  readonly name: string;
  readonly method: OperationMethod;
  /** With `{name}` in it. */
  readonly path: string;
  readonly parameters: readonly OperationParameter[];
  /** Undefined where the operation takes no body. */
  readonly bodyType: string | undefined;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  /** Types of the parts of a form, by their name. */
  readonly partTypes: Readonly<Record<string, string>>;
  /** Schema of what it answers; undefined where the document does not say. */
  readonly answer: JsonObject | undefined;
}

const OPERATIONS_MAX = 500;
const NAME_CHARS_MAX = 64;
const BODY_TYPES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];
/** OpenAPI 3.1, "Parameter Object": these header parameters are ignored; and what frames a message is never a caller's. */
const OWN_HEADERS = /^(?:accept|content-type|authorization|host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|cookie|proxy-.*|mcp-.*)$/i;

export function operationsOf(document: JsonObject, filter: OperationFilter): ApiOperation[] {
  const taken = new Set<string>();
  const operations: ApiOperation[] = [];
  const paths = isObject(document['paths']) ? document['paths'] : {};
  for (const [path, given] of Object.entries(paths)) {
    const item = follow(document, given);
    if (item === undefined || !path.startsWith('/')) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (!isObject(operation) || operations.length >= OPERATIONS_MAX || !isWanted({ method, path, operation }, filter)) continue;
      operations.push(toOperation(document, { method, path, item, operation }, taken));
    }
  }
  return operations;
}

interface Found {
  readonly method: OperationMethod;
  readonly path: string;
  readonly operation: JsonObject;
}

function isWanted({ method, path, operation }: Found, filter: OperationFilter): boolean {
  if (filter.readOnly && method !== 'get' && method !== 'head') return false;
  const tags: readonly JsonValue[] = Array.isArray(operation['tags']) ? operation['tags'] : [];
  if (filter.tags.length > 0 && !filter.tags.some((tag) => tags.includes(tag))) return false;
  const names = [textOf(operation['operationId']), `${method.toUpperCase()} ${path}`];
  const matches = (patterns: readonly string[]): boolean => patterns.some((pattern) => names.some((name) => isLike(name, pattern)));
  return matches(filter.include) && !matches(filter.exclude);
}

/** `*` stands for any characters. Linear: pieces are looked for one after the other. */
function isLike(text: string, pattern: string): boolean {
  const pieces = pattern.split('*');
  const [first = '', ...rest] = pieces;
  if (rest.length === 0) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  const last = rest.pop() ?? '';
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function toOperation(document: JsonObject, { method, path, item, operation }: Found & { readonly item: JsonObject }, taken: Set<string>): ApiOperation {
  const name = uniqueName(textOf(operation['operationId']) || `${method}_${path}`, taken);
  const found = [...parametersOf(document, path, { item, operation }).values()];
  const body = bodyOf(document, operation);
  const properties: Record<string, JsonValue> = {};
  for (const { parameter, schema } of found) properties[parameter.argument] = schema;
  if (body !== undefined) properties['body'] = body.schema;
  const required = [...found.filter(({ parameter }) => parameter.isRequired).map(({ parameter }) => parameter.argument), ...(body?.isRequired === true ? ['body'] : [])];
  const summary = textOf(operation['summary']);
  return {
    name,
    method,
    path,
    parameters: found.map(({ parameter }) => parameter),
    bodyType: body?.type,
    title: (summary || name).slice(0, 200),
    description: [summary, textOf(operation['description']), `${method.toUpperCase()} ${path}`].filter((part) => part !== '').join('\n\n').slice(0, 4_000),
    partTypes: body?.partTypes ?? {},
    answer: answerOf(document, operation),
    inputSchema: { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false },
  };
}

/** The first kind of body that can be sent; undefined where there is none. */
function bodyOf(document: JsonObject, operation: JsonObject): { readonly type: string; readonly schema: JsonObject; readonly isRequired: boolean; readonly partTypes: Readonly<Record<string, string>> } | undefined {
  const body = follow(document, operation['requestBody']);
  const content = isObject(body?.['content']) ? body['content'] : {};
  const kinds = Object.keys(content);
  const type = BODY_TYPES.find((known) => kinds.some((key) => key.split(';')[0]?.trim() === known)) ?? (kinds.some((key) => key.includes('json')) ? 'application/json' : undefined);
  if (type === undefined) return undefined;
  const media = follow(document, content[kinds.find((key) => key.startsWith(type)) ?? kinds.find((key) => key.includes('json')) ?? '']);
  const description = textOf(body?.['description']).slice(0, 1_000);
  const plain = inlineSchema(document, media?.['schema']);
  const { schema, partTypes } = type === 'multipart/form-data' ? multipartSchema(plain, media ?? {}) : { schema: plain, partTypes: {} };
  return { type, partTypes, schema: { ...schema, ...(description === '' ? {} : { description }) }, isRequired: body?.['required'] === true };
}

/** Those of the operation over those of its path, by place and name; what the path's text names is always there. */
function parametersOf(document: JsonObject, path: string, { item, operation }: { readonly item: JsonObject; readonly operation: JsonObject }): Map<string, { readonly parameter: OperationParameter; readonly schema: JsonObject }> {
  const found = new Map<string, { readonly parameter: OperationParameter; readonly schema: JsonObject }>();
  const given = [...listOf(item['parameters']), ...listOf(operation['parameters'])].map((parameter) => follow(document, parameter)).filter((parameter) => parameter !== undefined);
  const inPath = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const names = new Map<string, number>();
  for (const parameter of [...inPath, ...given] as JsonObject[]) {
    const name = textOf(parameter['name']);
    const place = placeOf(parameter, path);
    if (place === undefined) continue;
    const key = `${place} ${name}`;
    if (!found.has(key)) names.set(name, (names.get(name) ?? 0) + 1);
    const argument = found.get(key)?.parameter.argument ?? ((names.get(name) ?? 0) > 1 || name === 'body' ? `${place}_${name}` : name);
    found.set(key, { parameter: { name, argument, place, ...styleOf(parameter, place), isRequired: place === 'path' || parameter['required'] === true }, schema: schemaOf(document, parameter) });
  }
  return found;
}

/** Undefined for a parameter that cannot be given. */
function placeOf(parameter: JsonObject, path: string): OperationParameter['place'] | undefined {
  const name = textOf(parameter['name']);
  const place = (['path', 'query', 'header', 'cookie'] as const).find((known) => known === parameter['in']);
  const isOurs = place === 'header' && OWN_HEADERS.test(name);
  return name === '' || isOurs || (place === 'path' && !path.includes(`{${name}}`)) ? undefined : place;
}

function styleOf({ style, explode }: JsonObject, place: OperationParameter['place']): Pick<OperationParameter, 'style' | 'explode'> {
  const isForm = place === 'query' || place === 'cookie';
  return { style: textOf(style) || (isForm ? 'form' : 'simple'), explode: typeof explode === 'boolean' ? explode : isForm };
}

function schemaOf(document: JsonObject, parameter: JsonObject): JsonObject {
  const content = isObject(parameter['content']) ? follow(document, Object.values(parameter['content'])[0]) : undefined;
  const schema = inlineSchema(document, parameter['schema'] ?? content?.['schema']);
  const description = textOf(parameter['description']).slice(0, 1_000);
  return description === '' ? schema : { ...schema, description };
}

function uniqueName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/_{2,}/g, '_').replace(/^_+|_+$/g, '').slice(0, NAME_CHARS_MAX) || 'operation';
  let name = plain;
  for (let count = 2; taken.has(name); count++) name = `${plain.slice(0, NAME_CHARS_MAX - 4)}_${count}`;
  taken.add(name);
  return name;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
