/**
 * The request headers of the stateless revision (2026-07-28, Streamable HTTP, "Standard Request Headers" and "Custom
 * Headers from Tool Parameters"): a client on stdio sends none, so the bridge reads them off the message.
 */
import { encodeHeaderValue, NAME_MEMBER } from '../../protocol/header-value.ts';
import { isRecord, type Message } from './message.ts';

/** One `x-mcp-header` annotation: the header's name without `Mcp-Param-`, and the path of the argument. */
export interface ParameterHeader {
  readonly name: string;
  readonly path: readonly string[];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PRIMITIVE_TYPES = new Set<unknown>(['string', 'integer', 'boolean']);

/** All headers that mirror the message's body. `parameters` are those of the tool that it calls. */
export function mirrorHeaders(message: Message, parameters: readonly ParameterHeader[]): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-protocol-version': message.revision ?? '', 'mcp-method': message.method };
  const name = message.params[NAME_MEMBER.get(message.method) ?? ''];
  if (typeof name === 'string') headers['mcp-name'] = encodeHeaderValue(name);
  for (const parameter of parameters) {
    const value = valueAt(message.params['arguments'], parameter.path);
    if (typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value))) {
      headers[`mcp-param-${parameter.name.toLowerCase()}`] = encodeHeaderValue(String(value));
    }
  }
  return headers;
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

/**
 * The annotations of a tool's input schema, or why the tool must be left out of the list: an annotation that is
 * malformed, repeated, on a type that has no header form, or not reachable through `properties` alone.
 */
export function readParameterHeaders(inputSchema: unknown): readonly ParameterHeader[] | { readonly invalid: string } {
  const found: ParameterHeader[] = [];
  const seen = new Set<string>();
  const visit = (schema: unknown, path: readonly string[], isReachable: boolean): string | undefined => {
    if (Array.isArray(schema)) return firstProblem(schema.map((item: unknown) => () => visit(item, path, false)));
    if (!isRecord(schema)) return undefined;
    if (Object.hasOwn(schema, 'x-mcp-header')) {
      const problem = annotationProblem(schema, seen, isReachable && path.length > 0);
      if (problem !== undefined) return `${path.join('.') || 'the schema itself'}: ${problem}`;
      found.push({ name: String(schema['x-mcp-header']), path });
    }
    return firstProblem(
      Object.entries(schema).map(
        ([key, child]) =>
          () =>
            visitChild(key, child, path, isReachable),
      ),
    );
  };
  const visitChild = (key: string, child: unknown, path: readonly string[], isReachable: boolean): string | undefined => {
    if (DATA_KEYWORDS.has(key)) return undefined;
    if (!NAMED_CHILDREN.has(key) || !isRecord(child)) return visit(child, path, false);
    const isStep = key === 'properties' && isReachable;
    return firstProblem(
      Object.entries(child).map(
        ([name, schema]) =>
          () =>
            visit(schema, [...path, name], isStep),
      ),
    );
  };
  const invalid = visit(inputSchema, [], true);
  return invalid === undefined ? found : { invalid };
}

/** Keywords whose values are data, not schemas: an `x-mcp-header` inside them annotates nothing. */
const DATA_KEYWORDS = new Set(['const', 'default', 'enum', 'examples', 'x-mcp-header']);
/** Keywords whose keys are names of the author's choice. */
const NAMED_CHILDREN = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

function annotationProblem(schema: Readonly<Record<string, unknown>>, seen: Set<string>, isReachable: boolean): string | undefined {
  const name = schema['x-mcp-header'];
  if (typeof name !== 'string' || !TOKEN.test(name)) return 'x-mcp-header is not a header name';
  if (!isReachable) return 'x-mcp-header is not reachable through properties alone';
  if (!PRIMITIVE_TYPES.has(schema['type'])) return 'x-mcp-header on a type other than string, integer or boolean';
  if (seen.has(name.toLowerCase())) return `x-mcp-header ${name} is there twice`;
  seen.add(name.toLowerCase());
  return undefined;
}

function firstProblem(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}
