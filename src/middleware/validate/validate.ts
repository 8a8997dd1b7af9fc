/**
 * Validate: arguments against the tool's input schema, structured results against its output schema. Arguments that do
 * not fit are answered as a failed tool call, which the model can read and repair (specification, server/tools, "Error
 * Handling").
 */
import { z } from 'zod';
import type { CallContext } from '../../model/middleware.ts';
import { RawObject } from '../../protocol/envelope.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';
import { compileSchema } from './compile-schema.ts';

/** On definitions: what of the schema is not checked. On results: how the structured content does not fit. */
export const META_SCHEMA = 'metamcp/schema';

const Options = z.strictObject({
  arguments: z.boolean().default(true).describe('Check arguments.'),
  unknownArguments: z.enum(['schema', 'refuse']).default('schema').describe('refuse: also where the schema is open.'),
  results: z.enum(['error', 'flag', 'off']).default('error').describe('What becomes of a structured result that does not fit.'),
});

export const validate: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'validate',
  version: '1.0.0',
  description: 'Checks arguments and structured results against the schemas of the tool.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: 16 << 20,
  create: (options) => ({
    ...(options.arguments ? { onCall: (params: JsonObject, context: CallContext) => checkedParams(params, context, options.unknownArguments) } : {}),
    ...(options.results === 'off'
      ? {}
      : { onResult: (result: JsonObject, context: CallContext) => checkedResult(result, context, options.results === 'flag') }),
    onDefinition: flagged,
  }),
};

function checkedParams(params: JsonObject, { method, definition }: CallContext, unknownArguments: 'schema' | 'refuse'): JsonObject | RawObject {
  const schema = definition?.['inputSchema'];
  if (method !== 'tools/call' || !isObject(schema)) return params;
  const given = isObject(params['arguments']) ? params['arguments'] : {};
  const problem = unknownArguments === 'refuse' ? (unknownOf(given, schema) ?? problemWith(given, schema)) : problemWith(given, schema);
  return problem === undefined ? params : toError(`Invalid arguments: ${problem}`);
}

function checkedResult(result: JsonObject, { method, definition }: CallContext, isFlagging: boolean): JsonObject {
  const schema = definition?.['outputSchema'];
  const isComplete = result['resultType'] === undefined || result['resultType'] === 'complete';
  if (method !== 'tools/call' || !isObject(schema) || result['isError'] === true || !isComplete) return result;
  const content = result['structuredContent'];
  const problem = content === undefined ? 'there is none' : problemWith(content, schema);
  if (problem === undefined) return result;
  const text = `The structured result of the tool does not fit its schema: ${problem}`;
  if (!isFlagging) return toError(text).value;
  return { ...result, _meta: { ...(isObject(result['_meta']) ? result['_meta'] : {}), [META_SCHEMA]: { problem } } };
}

/** Numbers that are kept as text look like objects, so what does not fit is tried again with nearest doubles. Throws where there is no validator. */
function problemWith(value: JsonValue, schema: JsonObject): string | undefined {
  const compiled = compileSchema(schema);
  if (typeof compiled === 'string') throw new Error(`the schema cannot be used: ${compiled}`);
  const problem = compiled.problemOf(value);
  return problem === undefined ? undefined : compiled.problemOf(JSON.parse(JSON.stringify(value)) as JsonValue);
}

function unknownOf(given: JsonObject, schema: JsonObject): string | undefined {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(properties, name));
  return unknown === undefined ? undefined : `unknown argument ${unknown.slice(0, 100)}`;
}

function toError(text: string): RawObject {
  return RawObject.of({ content: [{ type: 'text', text }], isError: true });
}

/** A definition whose schemas are not wholly checked says so. */
function flagged(definition: JsonObject): JsonObject {
  const unchecked = ['inputSchema', 'outputSchema'].flatMap((key) => {
    const schema = definition[key];
    if (!isObject(schema)) return [];
    const compiled = compileSchema(schema);
    return typeof compiled === 'string' ? [`${key}: ${compiled}`] : compiled.uncheckedPatterns.map((pattern) => `${key}: pattern ${pattern}`);
  });
  if (unchecked.length === 0) return definition;
  return { ...definition, _meta: { ...(isObject(definition['_meta']) ? definition['_meta'] : {}), [META_SCHEMA]: { unchecked } } };
}
