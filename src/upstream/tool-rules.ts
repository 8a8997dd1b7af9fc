/**
 * Which tools of a server can be offered at all (2026-07-28, server/tools and Streamable HTTP "Schema Extension").
 * What breaks a rule is left out with a reason; the others stay.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { mirrorProblem } from '../protocol/mirrored-params.ts';

/**
 * Which characters a name has is a SHOULD (server/tools, "Tool Names"), so other letters and spaces do not cost a tool: it
 * is shown under a name that keeps the rule. Controls, invisible characters and halves of characters are nobody's name.
 */
const NAME = /^[\p{L}\p{M}\p{N}\p{P}\p{S}](?:[\p{L}\p{M}\p{N}\p{P}\p{S} ]{0,126}[\p{L}\p{M}\p{N}\p{P}\p{S}])?$/u;
const SCHEMA_DEPTH_MAX = 32;
const SUBSCHEMAS_MAX = 2_000;
/** Keywords whose value is data, not schema: a `$ref` in there means nothing. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples']);

/** Why the tool cannot be offered; undefined where it can. `taken`: names of the tools before it. */
export function toolProblem(tool: JsonValue, taken: ReadonlySet<string>): string | undefined {
  if (!isObject(tool)) return 'a tool is no object';
  const { name, inputSchema, outputSchema } = tool;
  if (typeof name !== 'string' || !NAME.test(name)) return `tool name ${JSON.stringify(name ?? null).slice(0, 200)} is not legal`;
  if (taken.has(name)) return `tool ${name} is there twice`;
  if (!isObject(inputSchema) || inputSchema['type'] !== 'object') return `tool ${name}: inputSchema is not a schema of an object`;
  if (outputSchema !== undefined && !isObject(outputSchema)) return `tool ${name}: outputSchema is no object`;
  const problem = schemaProblem(inputSchema) ?? mirrorProblem(inputSchema) ?? (outputSchema === undefined ? undefined : schemaProblem(outputSchema));
  return problem === undefined ? undefined : `tool ${name}: ${problem}`;
}

/** External references and size, over the whole schema. */
function schemaProblem(schema: JsonObject): string | undefined {
  let count = 0;
  const visit = (value: JsonValue | undefined, depth: number): string | undefined => {
    if (Array.isArray(value)) return firstOf(value, (member: JsonValue) => visit(member, depth));
    if (!isObject(value)) return undefined;
    if (depth > SCHEMA_DEPTH_MAX) return `the schema is deeper than ${SCHEMA_DEPTH_MAX}`;
    if (++count > SUBSCHEMAS_MAX) return `the schema has more than ${SUBSCHEMAS_MAX} parts`;
    for (const key of ['$ref', '$dynamicRef']) {
      const reference = value[key];
      if (typeof reference === 'string' && !reference.startsWith('#')) return `external reference ${reference.slice(0, 100)}`;
    }
    return firstOf(Object.entries(value), ([key, member]) => (DATA_KEYWORDS.has(key) ? undefined : visit(member, depth + 1)));
  };
  // A property map and the schemas in it are two steps of the walk for one of the schema.
  return visit(schema, -SCHEMA_DEPTH_MAX);
}

function firstOf<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
