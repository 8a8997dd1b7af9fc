/** TypeScript declarations of tools, made from their schemas: what a script is written against. */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { firstSentence } from '../search/first-sentence.ts';

const DEPTH_MAX = 6;
const MEMBERS_MAX = 60;
const OPTIONS_MAX = 30;
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const PLAIN: Readonly<Record<string, string>> = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };

export interface DeclaredTool {
  readonly exposed: string;
  readonly definition: JsonObject;
}

export function toDeclarations(tools: readonly DeclaredTool[]): string {
  const members = tools.flatMap(({ exposed, definition }) => {
    const about = typeof definition['description'] === 'string' ? firstSentence(definition['description']).replaceAll('*/', '* /') : '';
    return [...(about === '' ? [] : [`  /** ${about} */`]), `  ${keyOf(exposed)}(args: ${typeOf(definition['inputSchema'], rootOf(definition['inputSchema']), 0)}): Promise<${typeOf(definition['outputSchema'], rootOf(definition['outputSchema']), 0)}>;`];
  });
  return ['declare const tools: {', ...members, '};'].join('\n');
}

function rootOf(schema: JsonValue | undefined): JsonObject {
  return isObject(schema) ? schema : {};
}

/** What a script need not know exactly is `unknown`. */
function typeOf(given: JsonValue | undefined, root: JsonObject, depth: number): string {
  if (!isObject(given) || depth > DEPTH_MAX) return 'unknown';
  const schema = referred(given, root);
  if (schema === undefined) return 'unknown';
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return union(schema['enum'].map((value: JsonValue) => JSON.stringify(value)));
  const options = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(options)) return union(options.map((option: JsonValue) => typeOf(option, root, depth + 1)));
  if (Array.isArray(schema['allOf'])) return schema['allOf'].map((part: JsonValue) => typeOf(part, root, depth + 1)).join(' & ');
  const { type } = schema;
  if (Array.isArray(type)) return union(type.map((each: JsonValue) => typeOf({ ...schema, type: each }, root, depth)));
  if (type === 'array') return arrayOf(typeOf(schema['items'], root, depth + 1));
  if (type === 'object' || isObject(schema['properties'])) return objectType(schema, root, depth);
  return (typeof type === 'string' ? PLAIN[type] : undefined) ?? 'unknown';
}

/** Undefined for what is not in the schema itself: nothing is fetched. */
function referred(schema: JsonObject, root: JsonObject): JsonObject | undefined {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  if (!reference.startsWith('#/')) return undefined;
  let found: JsonValue | undefined = root;
  for (const key of reference.slice(2).split('/')) found = isObject(found) ? found[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  return isObject(found) && found['$ref'] === undefined ? found : undefined;
}

function objectType(schema: JsonObject, root: JsonObject, depth: number): string {
  const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  const others = schema['additionalProperties'];
  if (properties.length === 0) return isObject(others) ? `Record<string, ${typeOf(others, root, depth + 1)}>` : others === false || schema['type'] === undefined ? '{}' : 'Record<string, unknown>';
  const required = new Set(Array.isArray(schema['required']) ? schema['required'].map(String) : []);
  const members = properties.slice(0, MEMBERS_MAX).map(([name, property]) => `${keyOf(name)}${required.has(name) ? '' : '?'}: ${typeOf(property, root, depth + 1)}`);
  return `{ ${members.join('; ')}${properties.length > MEMBERS_MAX ? '; [more: string]: unknown' : ''} }`;
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  if (distinct.length === 0 || distinct.length > OPTIONS_MAX) return 'unknown';
  return distinct.join(' | ');
}

function arrayOf(type: string): string {
  return /[|&]/.test(type) && !/^\{.*\}$/.test(type) ? `(${type})[]` : `${type}[]`;
}

function keyOf(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}
