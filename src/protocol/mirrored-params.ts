/**
 * Arguments of a tool that travel in `Mcp-Param-*` headers too, because its schema says `x-mcp-header` (specification
 * 2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters"): which annotations are legal, what they mean, and
 * the headers of a call. Whoever speaks of such headers reads them here.
 */
import { Fault } from '../base/fault.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';
import { isObject, type JsonObject, type JsonValue } from './messages.ts';

export const PARAM_HEADER_PREFIX = 'mcp-param-';

const ANNOTATION = 'x-mcp-header';
/** RFC 9110 section 5.1. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);
/** Keywords whose value is data, not schema: an annotation in there means nothing. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', ANNOTATION]);
/** Keywords whose keys are names of the author's choice, also `x-mcp-header`. */
const NAMED_CHILDREN: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
/** Steps of the walk through a schema, of which a property takes two. */
const DEPTH_MAX = 128;

/** A header name after its prefix, and the path of the argument it mirrors. */
export interface MirroredParam {
  readonly header: string;
  readonly path: readonly string[];
}

/** What the schema of a tool wants mirrored; nested objects count. For schemas without a `mirrorProblem`. */
export function mirroredParams(inputSchema: unknown, path: readonly string[] = []): readonly MirroredParam[] {
  if (!isSchema(inputSchema) || !isSchema(inputSchema['properties'])) return [];
  const found: MirroredParam[] = [];
  for (const [name, property] of Object.entries(inputSchema['properties'])) {
    if (!isSchema(property)) continue;
    const header = property[ANNOTATION];
    if (typeof header === 'string') found.push({ header, path: [...path, name] });
    found.push(...mirroredParams(property, [...path, name]));
  }
  return found;
}

/**
 * Why a tool with this input schema must be left out of the list: an annotation that is malformed, repeated, on a type
 * that has no header form, or not reachable through `properties` alone ("Schema Extension"). Undefined where none is.
 */
export function mirrorProblem(inputSchema: unknown): string | undefined {
  return problemIn(inputSchema, { names: new Set(), isReachable: true, depth: 0 });
}

interface Walk {
  /** Lower case: names are unique whatever their case. */
  readonly names: Set<string>;
  /** Only `properties` led here. */
  readonly isReachable: boolean;
  readonly depth: number;
}

function problemIn(schema: unknown, walk: Walk): string | undefined {
  if (walk.depth > DEPTH_MAX) return 'the schema is too deep to look for x-mcp-header';
  const stray = { ...walk, isReachable: false, depth: walk.depth + 1 };
  if (Array.isArray(schema)) return firstOf(schema as unknown[], (member) => problemIn(member, stray));
  if (!isSchema(schema)) return undefined;
  const problem = Object.hasOwn(schema, ANNOTATION) ? annotationProblem(schema, walk) : undefined;
  return problem ?? firstOf(Object.entries(schema), ([key, child]) => childProblem(key, child, walk));
}

function childProblem(key: string, child: unknown, walk: Walk): string | undefined {
  if (DATA_KEYWORDS.has(key)) return undefined;
  const depth = walk.depth + 1;
  if (!NAMED_CHILDREN.has(key) || !isSchema(child)) return problemIn(child, { ...walk, isReachable: false, depth });
  const isReachable = walk.isReachable && key === 'properties';
  return firstOf(Object.values(child), (schema) => problemIn(schema, { ...walk, isReachable, depth }));
}

function annotationProblem(schema: Readonly<Record<string, unknown>>, { names, isReachable, depth }: Walk): string | undefined {
  const name = schema[ANNOTATION];
  if (typeof name !== 'string' || !TOKEN.test(name)) return 'x-mcp-header is no header name';
  if (!isReachable || depth === 0) return `x-mcp-header ${name} where it is not allowed: only properties may lead to it`;
  if (!HEADER_TYPES.has(schema['type'])) return `x-mcp-header ${name} on a type other than string, integer and boolean`;
  if (names.has(name.toLowerCase())) return `x-mcp-header ${name} is there twice`;
  names.add(name.toLowerCase());
  return undefined;
}

function isSchema(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Header text of an argument; undefined where it is absent or null and so has no header. */
function headerText(params: JsonObject, path: readonly string[]): string | undefined {
  let value: JsonValue | undefined = params['arguments'];
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Numbers count as numbers: 42.0 and 42 are equal ("Server Validation", note). Whole ones are compared digit by digit: doubles would make neighbours equal. */
function isSame(header: string, argument: string): boolean {
  return header === argument || (/^-?\d{1,400}$/.test(argument) && /^-?\d{1,400}(?:\.0+)?$/.test(header) && BigInt(header.replace(/\.0+$/, '')) === BigInt(argument));
}

/** Compares the client's mirrored headers with its arguments. Throws `request.header_mismatch`. Headers the schema does not know pass on. */
export function checkMirroredParams(mirrored: readonly MirroredParam[], params: JsonObject, headers: Readonly<Record<string, string>>): void {
  for (const { header, path } of mirrored) {
    const expected = headerText(params, path);
    const given = headers[PARAM_HEADER_PREFIX + header.toLowerCase()];
    if (given === undefined && expected === undefined) continue;
    const decoded = given === undefined ? undefined : decodeHeaderValue(given);
    if (decoded === undefined || expected === undefined || !isSame(decoded, expected)) throw new Fault('request.header_mismatch', { message: `Mcp-Param-${header} is missing or differs from the argument.` });
  }
}

/** The headers for the server: made anew from the arguments that are really sent, unknown ones of the client as they came. */
export function toParamHeaders(mirrored: readonly MirroredParam[], params: JsonObject, clientHeaders: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (mirrored.length === 0) return clientHeaders;
  const headers: Record<string, string> = { ...clientHeaders };
  for (const { header, path } of mirrored) {
    const text = headerText(params, path);
    if (text === undefined) delete headers[PARAM_HEADER_PREFIX + header.toLowerCase()];
    else headers[PARAM_HEADER_PREFIX + header.toLowerCase()] = encodeHeaderValue(text);
  }
  return headers;
}
