/**
 * Rename fields: gives arguments and structured results a stable form, whatever the server calls them. Definitions show
 * the new names; calls are translated back.
 */
import { z } from 'zod';
import { Fault } from '../../base/fault.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

const Names = z
  .record(z.string().min(1), z.string().min(1))
  .refine((names) => new Set(Object.values(names)).size === Object.keys(names).length, 'expected new names that differ');

const Options = z.strictObject({
  arguments: Names.default({}).describe("The server's name of an argument → the name that clients use."),
  results: Names.default({}).describe("The server's name of a field of structured results → the name that clients see."),
});

export const renameFields: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'rename-fields',
  version: '1.0.0',
  description: 'Renames arguments and fields of structured results.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: 16 << 20,
  create: (options) => {
    const back = Object.fromEntries(Object.entries(options.arguments).map(([own, shown]) => [shown, own]));
    return {
      onCall: (params) => (isObject(params['arguments']) ? { ...params, arguments: renamed(params['arguments'], back) } : params),
      onResult: (result) =>
        isObject(result['structuredContent']) ? { ...result, structuredContent: renamed(result['structuredContent'], options.results) } : result,
      onDefinition: (definition) => ({
        ...definition,
        ...schemaOf(definition['inputSchema'], 'inputSchema', options.arguments),
        ...schemaOf(definition['outputSchema'], 'outputSchema', options.results),
      }),
    };
  },
};

/** Throws `request.params_invalid` where a field that is there already has the new name. */
function renamed(value: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const result: Record<string, JsonValue | undefined> = {};
  for (const [key, item] of Object.entries(value)) {
    const name = Object.hasOwn(names, key) ? (names[key] ?? key) : key;
    if (Object.hasOwn(result, name)) throw new Fault('request.params_invalid', { message: `Two fields would be called ${name.slice(0, 100)}` });
    result[name] = item;
  }
  return result;
}

function schemaOf(schema: JsonValue | undefined, key: string, names: Readonly<Record<string, string>>): JsonObject {
  if (!isObject(schema)) return {};
  const { properties, required } = schema;
  return {
    [key]: {
      ...schema,
      ...(isObject(properties) ? { properties: renamed(properties, names) } : {}),
      ...(Array.isArray(required)
        ? { required: required.map((name: JsonValue) => (typeof name === 'string' && Object.hasOwn(names, name) ? (names[name] ?? name) : name)) }
        : {}),
    },
  };
}
