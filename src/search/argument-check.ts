/**
 * Arguments against the input schema of a tool (JSON Schema 2020-12), before a call is made for a model that may never
 * have seen the schema. It only helps: what cannot be checked safely here is left to the server, which checks everything.
 * Nothing outside the schema is ever fetched.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import { linearRegex } from './linear-regex.ts';

/** Each a path and what was expected there, safe to show; empty where nothing is wrong or nothing could be checked. */
export type Problems = readonly string[];

const SCHEMA_DEPTH_MAX = 32;
const SCHEMA_NODES_MAX = 5_000;
const ARGUMENT_DEPTH_MAX = 64;
const ARGUMENT_NODES_MAX = 10_000;
const PROBLEMS_MAX = 8;

/** By the schema itself, so that what is no longer listed is no longer kept. `null`: cannot be checked. */
const compiled = new WeakMap<JsonObject, ValidateFunction | null>();

export function checkArguments(schema: JsonObject, given: JsonObject): Problems {
  if (!isWithin(given, ARGUMENT_DEPTH_MAX, ARGUMENT_NODES_MAX)) return [];
  const validate = validatorOf(schema);
  if (validate === null) return [];
  try {
    return validate(given) ? [] : problemsOf(validate.errors ?? []);
  } catch {
    // A schema that refers to itself without end, with arguments to match.
    return [];
  }
}

function validatorOf(schema: JsonObject): ValidateFunction | null {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const validate = compile(schema);
  compiled.set(schema, validate);
  return validate;
}

/** An instance for each schema: ids of one server's schema must not answer references of another's. */
function compile(schema: JsonObject): ValidateFunction | null {
  // `$async` is ajv's own: it would answer with a promise.
  if ('$async' in schema || !isWithin(schema, SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX)) return null;
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    meta: false,
    validateSchema: false,
    validateFormats: false,
    inlineRefs: false,
    addUsedSchema: false,
    logger: false,
    code: { regExp: linearRegex },
  });
  // Compares every item with every other.
  ajv.removeKeyword('uniqueItems');
  const { $schema: _, ...withoutDialect } = schema;
  try {
    return ajv.compile(withoutDialect);
  } catch {
    return null;
  }
}

function problemsOf(errors: readonly ErrorObject[]): Problems {
  const telling = errors.filter(({ keyword }) => keyword !== 'if');
  return [...new Set(telling.map(problemOf))].slice(0, PROBLEMS_MAX);
}

function problemOf({ instancePath, keyword, message, params }: ErrorObject): string {
  const where = instancePath === '' ? 'arguments' : instancePath.slice(1);
  if (keyword === 'additionalProperties') return `${where}: unknown property ${JSON.stringify(params['additionalProperty'])}`;
  if (keyword === 'enum') return `${where}: expected one of ${JSON.stringify(params['allowedValues']).slice(0, 200)}`;
  return `${where}: ${message ?? keyword}`;
}

function isWithin(root: JsonValue, depthMax: number, nodesMax: number): boolean {
  let level: JsonValue[] = [root];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth++) {
    nodes += level.length;
    if (depth > depthMax || nodes > nodesMax) return false;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value).filter((child) => child !== undefined) : []));
  }
  return true;
}
