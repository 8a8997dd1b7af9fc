/**
 * Project: leaves of large results what a model needs: the fields that are kept, without those that are dropped. What was
 * left out can be read as a whole for a while.
 */
import { z } from 'zod';
import type { CallContext } from '../../model/middleware.ts';
import { RawObject } from '../../protocol/envelope.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';
import { dropped, kept, type Paths, readPaths } from './paths.ts';
import { projectedSchema } from './projected-schema.ts';

/** In `_meta` of a result that was projected. */
export const META_PROJECTED = 'metamcp/projected';

const PathsSchema = z
  .array(z.string().regex(/^(\/([^~/]|~[01])+)+$/, 'expected a path such as /items/*/id').max(500))
  .min(1)
  .max(200);

const Options = z
  .strictObject({
    keep: PathsSchema.optional().describe('Paths (JSON Pointer, with * for every item or member) of what stays.'),
    drop: PathsSchema.optional().describe('Paths of what goes, of what would stay.'),
    bytesMin: z.int().min(0).default(0).describe('Results below this are left whole.'),
  })
  .refine(({ keep, drop }) => keep !== undefined || drop !== undefined, 'expected keep or drop');

export const project: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'project',
  version: '1.0.0',
  description: 'Leaves the fields of structured results that are wanted; the whole can be read for a while.',
  options: Options,
  onFailure: 'open',
  resultBytesMax: 16 << 20,
  // The whole is kept for the client: what others take out must be gone by then.
  isOutermost: true,
  create: ({ keep, drop, bytesMin }) => {
    const paths: Paths = { keep: keep && readPaths(keep), drop: drop && readPaths(drop) };
    return {
      onResult: (result, context) => (result['isError'] === true ? result : projected(result, { paths, bytesMin }, context)),
      onDefinition: (definition) => (isObject(definition['outputSchema']) ? withSchema(definition, definition['outputSchema'], paths) : definition),
    };
  },
};

function projected(result: JsonObject, { paths, bytesMin }: { readonly paths: Paths; readonly bytesMin: number }, { services }: CallContext): JsonObject {
  const { structuredContent, content } = result;
  const structured = isObject(structuredContent) ? projectedObject(structuredContent, paths, bytesMin) : undefined;
  const blocks = Array.isArray(content) ? (content as readonly JsonValue[]).map((block) => projectedBlock(block, paths, bytesMin)) : [];
  // Text beside structured content says the same: one of them is enough to keep.
  const wholes = [structured, ...blocks].flatMap((part) => part?.whole ?? []);
  if (wholes.length === 0) return result;
  const words = services?.keepRest?.(structured?.whole ?? wholes.join('\n'));
  const mark = `[projected: fields were left out${words === undefined ? '' : `; ${words}`}]`;
  return {
    ...result,
    ...(structured !== undefined && { structuredContent: structured.left }),
    content: [...blocks.map(({ block }) => block), { type: 'text', text: mark }],
    _meta: { ...(isObject(result['_meta']) ? result['_meta'] : {}), [META_PROJECTED]: true },
  };
}

/** `whole`: as text, where something was left out. */
function projectedObject(value: JsonObject, paths: Paths, bytesMin: number): { readonly left: JsonObject; readonly whole: string | undefined } {
  const whole = JSON.stringify(value);
  if (Buffer.byteLength(whole) < bytesMin) return { left: value, whole: undefined };
  const left = without(value, paths);
  return JSON.stringify(left) === whole ? { left: value, whole: undefined } : { left, whole };
}

/** A text that is a JSON object, projected; `whole` where something was left out. */
function projectedBlock(block: JsonValue, paths: Paths, bytesMin: number): { readonly block: JsonValue; readonly whole: string | undefined } {
  const text = isObject(block) && block['type'] === 'text' ? block['text'] : undefined;
  if (!isObject(block) || typeof text !== 'string' || Buffer.byteLength(text) < bytesMin || !text.trimStart().startsWith('{')) return { block, whole: undefined };
  const value = valueOf(text);
  if (value === undefined) return { block, whole: undefined };
  const left = JSON.stringify(without(value, paths));
  return left === JSON.stringify(value) ? { block, whole: undefined } : { block: { ...block, text: left }, whole: text };
}

/** Numbers that a double cannot hold stay as they are. */
function valueOf(text: string): JsonObject | undefined {
  try {
    return RawObject.fromText(text.trim()).value;
  } catch {
    return undefined;
  }
}

function without(value: JsonObject, { keep, drop }: Paths): JsonObject {
  const left = keep === undefined ? value : kept(value, [keep]);
  return (drop === undefined ? left : dropped(left, [drop])) as JsonObject;
}

/** A schema that cannot be followed to what is left would be wrong: then there is none. */
function withSchema({ outputSchema: _, ...definition }: JsonObject, schema: JsonObject, paths: Paths): JsonObject {
  const left = projectedSchema(schema, paths);
  return left === undefined ? definition : { ...definition, outputSchema: left };
}
