/**
 * Validators from the schemas of tools (JSON Schema 2020-12, or draft-07 where it says so), with RE2 for `pattern`, so
 * that no text is slow to match. Never looks outside of the schema.
 */
import { Ajv, type ErrorObject, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { compilePattern } from '../../base/linear-pattern.ts';
import type { JsonObject, JsonValue } from '../../protocol/messages.ts';
import { depthOf, measureSchema } from './schema-limits.ts';

export interface CompiledSchema {
  /** What does not fit, undefined where all does. Throws where the value cannot be tried. Never quotes the value. */
  readonly problemOf: (value: JsonValue | undefined) => string | undefined;
  /** Patterns in a syntax that RE2 does not have; they are not checked. */
  readonly uncheckedPatterns: readonly string[];
}

const known = new WeakMap<JsonObject, CompiledSchema | string>();

/** The validator, or why there is none. Compiled once for each schema. */
export function compileSchema(schema: JsonObject): CompiledSchema | string {
  let compiled = known.get(schema);
  if (compiled === undefined) known.set(schema, (compiled = compileOnce(schema)));
  return compiled;
}

function compileOnce(schema: JsonObject): CompiledSchema | string {
  const shape = measureSchema(schema);
  if (typeof shape === 'string') return shape;
  const uncheckedPatterns: string[] = [];
  try {
    const validate = newAjv(schema, uncheckedPatterns).compile<unknown>(schema);
    return {
      uncheckedPatterns,
      problemOf: (value) => {
        if (shape.valueDepthMax < Number.POSITIVE_INFINITY && depthOf(value) > shape.valueDepthMax)
          throw new Error('the value is too deep for this recursive schema');
        if (validate(value)) return undefined;
        const [error] = validate.errors ?? [];
        return error === undefined ? 'it does not fit' : sentence(error);
      },
    };
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** One instance for each schema, so that their ids cannot meet. */
function newAjv(schema: JsonObject, uncheckedPatterns: string[]): Ajv | Ajv2020 {
  const engine = (pattern: string, flags: string): { test(text: string): boolean; toString(): string } => {
    const test = compilePattern(pattern);
    if (test === undefined) uncheckedPatterns.push(pattern.slice(0, 200));
    // The compiler tells expressions apart by their text.
    return { test: test ?? (() => true), toString: () => `/${pattern}/${flags}` };
  };
  const options: Options = {
    strict: false,
    validateSchema: false,
    validateFormats: false,
    meta: false,
    inlineRefs: false,
    logger: false,
    code: { regExp: Object.assign(engine, { code: 'engine' }) },
  };
  const isDraft7 = typeof schema['$schema'] === 'string' && /draft-0[467]/.test(schema['$schema']);
  return isDraft7 ? new Ajv(options) : new Ajv2020(options);
}

/** Place and expectation; names of properties are cut, since a client made them. */
function sentence({ instancePath, message, params }: ErrorObject): string {
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  const place = instancePath === '' ? '' : `${instancePath.slice(0, 200)} `;
  return `${place}${message ?? 'does not fit'}${typeof extra === 'string' ? `: ${extra.slice(0, 100)}` : ''}`;
}
