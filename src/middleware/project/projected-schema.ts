/** The schema of what is left of a structured result. */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { type PathNode, type Paths, stepInto } from './paths.ts';

/** Says the same of the whole and of what is left. */
const PLAIN = new Set(['$schema', '$id', 'type', 'title', 'description', 'properties', 'required', 'items', 'additionalProperties', 'examples', 'default', 'deprecated']);
/** Speaks of the value as it was, and would be wrong of the one that is left. */
const ABOUT_THE_WHOLE = ['examples', 'default'];

/** Undefined where the schema says things on the way that cannot be said of what is left: references, alternatives, counts. */
export function projectedSchema(schema: JsonObject, { keep, drop }: Paths): JsonObject | undefined {
  const left = keep === undefined ? schema : below(schema, [keep], 'keep');
  return left === undefined || drop === undefined ? left : below(left, [drop], 'drop');
}

type Manner = 'keep' | 'drop';

function below(schema: JsonValue | undefined, nodes: readonly PathNode[], manner: Manner): JsonObject | undefined {
  if (!isObject(schema) || Object.keys(schema).some((key) => !PLAIN.has(key)) || isObject(schema['additionalProperties'])) return undefined;
  const changed: Record<string, JsonValue | undefined> = { ...schema };
  for (const key of ABOUT_THE_WHOLE) delete changed[key];
  if (isObject(schema['properties'])) {
    const properties = propertiesLeft(schema['properties'], nodes, manner);
    if (properties === undefined) return undefined;
    changed['properties'] = properties;
    if (Array.isArray(schema['required'])) changed['required'] = (schema['required'] as readonly JsonValue[]).filter((name) => typeof name === 'string' && isSure(properties[name], stepInto(nodes, name), manner));
  }
  if ('items' in schema) {
    // Single items that go leave the others as they are; what is named in them by number cannot be told apart.
    const item = left(schema['items'], stepInto(nodes, '*'), manner);
    if (item === undefined || nodes.some((node) => [...node.below.keys()].some((key) => key !== '*'))) return undefined;
    if (item === 'gone') delete changed['items'];
    else changed['items'] = item;
  }
  return changed;
}

/** Of a member that a path goes through, nothing is left where it is neither object nor array. */
function isSure(property: JsonValue | undefined, nodes: readonly PathNode[], manner: Manner): boolean {
  if (property === undefined) return false;
  return manner === 'drop' || nodes.some(({ isEnd }) => isEnd) || (isObject(property) && (property['type'] === 'object' || property['type'] === 'array'));
}

function propertiesLeft(properties: JsonObject, nodes: readonly PathNode[], manner: Manner): JsonObject | undefined {
  const entries: [string, JsonValue][] = [];
  for (const [name, schema] of Object.entries(properties)) {
    const one = left(schema, stepInto(nodes, name), manner);
    if (one === undefined) return undefined;
    if (one !== 'gone') entries.push([name, one]);
  }
  return Object.fromEntries(entries);
}

function left(schema: JsonValue | undefined, nodes: readonly PathNode[], manner: Manner): JsonValue | undefined {
  if (nodes.some(({ isEnd }) => isEnd)) return manner === 'keep' ? schema : 'gone';
  if (nodes.length === 0) return manner === 'keep' ? 'gone' : schema;
  return below(schema, nodes, manner);
}
