/**
 * What an operation answers, as the output schema of its tool. Services answer a little beside their documents, and a
 * client that checks a result throws away what does not fit: so it says what is there and of which type, and asks for
 * nothing. Null is always allowed, further members too.
 */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { inlineSchema } from './inline-schema.ts';
import { follow } from './read-document.ts';

/** The schema of the first JSON answer that means success; undefined where the document has none. */
export function answerOf(document: JsonObject, operation: JsonObject): JsonObject | undefined {
  const responses = isObject(operation['responses']) ? operation['responses'] : {};
  const statuses = Object.keys(responses).filter((status) => /^2(?:\d\d|XX)$/i.test(status)).toSorted();
  for (const status of [...statuses, 'default']) {
    const content = follow(document, responses[status])?.['content'];
    const type = isObject(content) ? Object.keys(content).find((key) => /\bjson\b/i.test(key)) : undefined;
    const schema = isObject(content) && type !== undefined ? follow(document, content[type])?.['schema'] : undefined;
    if (schema !== undefined) return inlineSchema(document, schema);
  }
  return undefined;
}

/** `fields`: those that are kept of an answer; none: all. An answer that is no object is the member `result`. */
export function outputSchemaOf(answer: JsonObject | undefined, fields: readonly string[]): JsonObject | undefined {
  if (answer === undefined) return undefined;
  const { description } = answer;
  const shown = typeof description === 'string' ? { description } : {};
  if (!isOfObjects(answer)) return { type: 'object', ...shown, properties: { result: kept(loosened(answer), fields) } };
  return { ...kept(loosened(answer), fields), type: 'object' };
}

function isOfObjects({ type, properties, allOf }: JsonObject): boolean {
  if (type !== undefined) return type === 'object' || (Array.isArray(type) && type.includes('object') && !type.includes('array'));
  return isObject(properties) || Array.isArray(allOf);
}

function loosened(schema: JsonObject): JsonObject {
  const loose: Record<string, JsonValue> = {};
  const { type, properties, items, additionalProperties: others, description, title } = schema;
  if (typeof type === 'string') loose['type'] = type === 'null' ? type : [type, 'null'];
  else if (Array.isArray(type)) loose['type'] = [...new Set([...(type as JsonValue[]), 'null'])];
  if (typeof title === 'string') loose['title'] = title;
  if (typeof description === 'string') loose['description'] = description;
  if (isObject(properties)) loose['properties'] = Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, isObject(member) ? loosened(member) : {}]));
  if (isObject(items)) loose['items'] = loosened(items);
  if (isObject(others)) loose['additionalProperties'] = loosened(others);
  for (const [word, meant] of ALTERNATIVES) {
    const given = schema[word];
    if (Array.isArray(given)) loose[meant] = (given as JsonValue[]).map((one) => (isObject(one) ? loosened(one) : {}));
  }
  return loose;
}

/** Without their bounds, several of `oneOf` may hold. */
const ALTERNATIVES = [
  ['oneOf', 'anyOf'],
  ['anyOf', 'anyOf'],
  ['allOf', 'allOf'],
] as const;

function kept(schema: JsonObject, fields: readonly string[]): JsonObject {
  if (fields.length === 0) return schema;
  const { properties, items } = schema;
  return {
    ...schema,
    ...(isObject(properties) ? { properties: Object.fromEntries(Object.entries(properties).filter(([name]) => fields.includes(name))) } : {}),
    ...(isObject(items) ? { items: kept(items, fields) } : {}),
  };
}
