/**
 * Signatures: the input schema of a tool as one line in the manner of TypeScript. A string needs no type, what is
 * optional carries `?`, what does not fit is `…`; the exact schema is one `describe_tools` away.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';

const REQUIRED_MAX = 6;
const OPTIONAL_MAX = 2;
const LITERALS_MAX = 4;
const LITERAL_CHARS_MAX = 16;
const NAME_CHARS_MAX = 40;
const TYPE_DEPTH_MAX = 2;
const PLAIN_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  object: 'object',
  null: 'null',
};

/** `(owner, repo, labels: string[], draft?: boolean, …)`; a schema we cannot read is `(…)`. */
export function signatureOf(definition: JsonObject): string {
  const schema = definition['inputSchema'];
  if (!isObject(schema)) return '(…)';
  const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  if (properties.length === 0) return ['$ref', 'anyOf', 'oneOf', 'allOf'].some((key) => key in schema) ? '(…)' : '()';
  const required = new Set(Array.isArray(schema['required']) ? schema['required'].map(String) : []);
  const needed = properties.filter(([name]) => required.has(name));
  const optional = properties.filter(([name]) => !required.has(name));
  const shown = [
    ...needed.slice(0, REQUIRED_MAX).map(([name, property]) => param(name, '', property)),
    ...optional.slice(0, OPTIONAL_MAX).map(([name, property]) => param(name, '?', property)),
  ];
  const isCut = needed.length > REQUIRED_MAX || optional.length > OPTIONAL_MAX;
  return `(${shown.join(', ')}${isCut ? ', …' : ''})`;
}

function param(name: string, mark: string, property: JsonValue | undefined): string {
  const type = typeOf(property, 0);
  return `${name.slice(0, NAME_CHARS_MAX)}${mark}${type === 'string' ? '' : `: ${type}`}`;
}

function typeOf(schema: JsonValue | undefined, depth: number): string {
  if (!isObject(schema) || depth > TYPE_DEPTH_MAX) return 'unknown';
  const literals = schema['const'] === undefined ? schema['enum'] : [schema['const']];
  if (Array.isArray(literals)) return union(literals.map(literal), plainType(schema['type']));
  const options = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(options)) return union(withoutNull(options.map((option: JsonValue) => typeOf(option, depth + 1))), 'unknown');
  const type = schema['type'];
  if (Array.isArray(type)) return union(withoutNull(type.map((each: JsonValue) => typeOf({ ...schema, type: each }, depth + 1))), 'unknown');
  if (type === 'array') return arrayOf(typeOf(schema['items'], depth + 1));
  return plainType(type);
}

function plainType(type: JsonValue | undefined): string {
  return (typeof type === 'string' ? PLAIN_TYPES[type] : undefined) ?? 'unknown';
}

/** Optional says enough: `null` beside a type is noise. */
function withoutNull(types: readonly string[]): readonly string[] {
  const kept = types.filter((type) => type !== 'null');
  return kept.length > 0 ? kept : types;
}

function union(types: readonly string[], otherwise: string): string {
  const distinct = [...new Set(types)];
  const fits = distinct.length > 0 && distinct.length <= LITERALS_MAX && distinct.every((type) => type.length <= LITERAL_CHARS_MAX);
  return fits ? distinct.join('|') : otherwise;
}

function arrayOf(type: string): string {
  return type.includes('|') ? `(${type})[]` : `${type}[]`;
}

function literal(value: JsonValue): string {
  return JSON.stringify(value);
}
