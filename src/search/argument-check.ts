/**
 * Arguments against the input schema of a tool (JSON Schema 2020-12), before a call is made for a model that may never
 * have seen the schema. It only helps: what cannot be checked safely here is left to the server, which checks everything.
 * Nothing outside the schema is ever fetched.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject } from '../protocol/messages.ts';
import { linearRegexEngine, type RegexBudget } from './linear-regex.ts';
import { countNodes, expandedNodes } from './schema-cost.ts';

/** Each a path and what was expected there, safe to show; empty where nothing is wrong or nothing could be checked. */
export type Problems = readonly string[];

const SCHEMA_DEPTH_MAX = 32;
/** With references written out. */
const SCHEMA_NODES_MAX = 2_500;
const ARGUMENT_DEPTH_MAX = 64;
/** Nodes of the schema times nodes of the arguments: some tens of milliseconds at worst. */
const STEPS_MAX = 5_000_000;
const REGEX_CHARS_MAX = 200_000;
const PROBLEMS_MAX = 8;

interface Compiled {
  readonly validate: ValidateFunction;
  readonly schemaNodes: number;
  readonly budget: RegexBudget;
}

/** By the schema itself, so that what is no longer listed is no longer kept. `null`: cannot be checked. */
const compiled = new WeakMap<JsonObject, Compiled | null>();

export function checkArguments(schema: JsonObject, given: JsonObject): Problems {
  const checker = compiledOf(schema);
  if (checker === null || countNodes(given, ARGUMENT_DEPTH_MAX) * checker.schemaNodes > STEPS_MAX) return [];
  checker.budget.charsLeft = REGEX_CHARS_MAX;
  return checker.validate(given) ? [] : problemsOf(checker.validate.errors ?? []);
}

function compiledOf(schema: JsonObject): Compiled | null {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = compile(schema);
  compiled.set(schema, made);
  return made;
}

/** An instance for each schema: ids of one server's schema must not answer references of another's. */
function compile(schema: JsonObject): Compiled | null {
  if (countNodes(schema, SCHEMA_DEPTH_MAX) > SCHEMA_NODES_MAX) return null;
  const schemaNodes = expandedNodes(schema);
  if (schemaNodes > SCHEMA_NODES_MAX) return null;
  const budget: RegexBudget = { charsLeft: REGEX_CHARS_MAX };
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    meta: false,
    validateSchema: false,
    validateFormats: false,
    inlineRefs: false,
    addUsedSchema: false,
    logger: false,
    code: { regExp: linearRegexEngine(budget) },
  });
  // Compares every item with every other.
  ajv.removeKeyword('uniqueItems');
  const { $schema: _, ...withoutDialect } = schema;
  try {
    return { validate: ajv.compile(withoutDialect), schemaNodes, budget };
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
