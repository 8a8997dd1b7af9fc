/** Schemas with their references filled in, for clients that read no references: bounded in depth and size, circles cut. */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { follow } from './read-document.ts';

const DEPTH_MAX = 10;
const NODES_MAX = 3_000;
/** Words of OpenAPI 3.0 that JSON Schema does not have. */
const FOREIGN: ReadonlySet<string> = new Set(['discriminator', 'xml', 'externalDocs', 'example', 'nullable', '$id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$schema']);

/** Where a bound is reached, anything is allowed: the service itself says no. */
export function inlineSchema(document: JsonObject, schema: JsonValue | undefined): JsonObject {
  const budget = { nodes: NODES_MAX };
  return inline(document, schema, { depth: 0, open: new Set(), budget });
}

interface Walk {
  readonly depth: number;
  /** Schemas that this one lies in. */
  readonly open: ReadonlySet<JsonObject>;
  readonly budget: { nodes: number };
}

function inline(document: JsonObject, given: JsonValue | undefined, { depth, open, budget }: Walk): JsonObject {
  const schema = follow(document, given);
  if (schema === undefined || open.has(schema) || depth > DEPTH_MAX || budget.nodes <= 0) return {};
  budget.nodes -= 1;
  const walk: Walk = { depth: depth + 1, open: new Set([...open, schema]), budget };
  const changed: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || FOREIGN.has(key) || key.startsWith('x-')) continue;
    changed[key] = inlineMember(document, key, { value, walk });
  }
  // OpenAPI 3.0 bounds are flags beside the bound.
  if (typeof changed['exclusiveMinimum'] === 'boolean') moveBound(changed, 'exclusiveMinimum', 'minimum');
  if (typeof changed['exclusiveMaximum'] === 'boolean') moveBound(changed, 'exclusiveMaximum', 'maximum');
  if (schema['nullable'] === true && typeof changed['type'] === 'string') changed['type'] = [changed['type'], 'null'];
  return changed;
}

function inlineMember(document: JsonObject, key: string, { value, walk }: { readonly value: JsonValue; readonly walk: Walk }): JsonValue {
  if ((key === 'properties' || key === 'patternProperties') && isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, inline(document, child, walk)]));
  if (key === 'items' || key === 'not' || (key === 'additionalProperties' && isObject(value))) return inline(document, value, walk);
  if ((key === 'allOf' || key === 'anyOf' || key === 'oneOf' || key === 'prefixItems') && Array.isArray(value)) return (value as JsonValue[]).map((child) => inline(document, child, walk));
  return value;
}

function moveBound(schema: Record<string, JsonValue>, flag: string, bound: string): void {
  const limit = schema[bound];
  if (schema[flag] === true && limit !== undefined) {
    schema[flag] = limit;
    delete schema[bound];
  } else delete schema[flag];
}
