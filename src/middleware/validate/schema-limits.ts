/**
 * Limits of schemas that servers send: how deep, how many subschemas, and how often references multiply them. A schema
 * is data from outside, and a validator compiled from it must not be a bomb.
 */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';

export const SCHEMA_DEPTH_MAX = 32;
export const SUBSCHEMAS_MAX = 2_000;
/** Subschemas when every local reference is written out. */
const EXPANDED_MAX = 50_000;
/** Steps that a recursive schema may take on one value. */
const RECURSIVE_STEPS_MAX = 100_000;

export interface SchemaShape {
  /** Depth of values that the schema is tried on; deeper ones could take exponential time. */
  readonly valueDepthMax: number;
}

/** The shape, or why the schema is refused. */
export function measureSchema(schema: JsonObject): SchemaShape | string {
  const counter = new Counter(schema);
  try {
    counter.walk(schema, 1);
    const expanded = counter.expand(schema, new Set());
    if (expanded > EXPANDED_MAX) return `its references write out to more than ${EXPANDED_MAX} subschemas`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  const { recursions } = counter;
  return { valueDepthMax: recursions < 2 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(Math.log(RECURSIVE_STEPS_MAX) / Math.log(recursions))) };
}

class Counter {
  /** References to a schema from inside of it. */
  recursions = 0;
  readonly #root: JsonObject;
  readonly #costs = new Map<JsonObject, number>();
  #subschemas = 0;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  walk(node: JsonValue | undefined, depth: number): void {
    if (depth > SCHEMA_DEPTH_MAX * 2) throw new Error(`it is nested deeper than ${SCHEMA_DEPTH_MAX}`);
    if (Array.isArray(node)) for (const item of node as readonly JsonValue[]) this.walk(item, depth + 1);
    if (!isObject(node)) return;
    if (++this.#subschemas > SUBSCHEMAS_MAX * 2) throw new Error(`it has more than ${SUBSCHEMAS_MAX} subschemas`);
    const reference = node['$ref'] ?? node['$dynamicRef'];
    if (typeof reference === 'string' && !reference.startsWith('#')) throw new Error('it refers to another document');
    for (const child of Object.values(node)) this.walk(child, depth + 1);
  }

  expand(node: JsonValue | undefined, open: Set<JsonObject>): number {
    if (Array.isArray(node)) return (node as readonly JsonValue[]).reduce<number>((sum, item) => Math.min(sum + this.expand(item, open), EXPANDED_MAX + 1), 0);
    if (!isObject(node)) return 0;
    const known = this.#costs.get(node);
    if (known !== undefined) return known;
    if (open.has(node)) {
      this.recursions++;
      return 1;
    }
    open.add(node);
    const target = typeof node['$ref'] === 'string' ? this.#resolve(node['$ref']) : undefined;
    let cost = 1 + this.expand(target, open);
    for (const [key, child] of Object.entries(node))
      if (key !== '$defs' && key !== 'definitions') cost = Math.min(cost + this.expand(child, open), EXPANDED_MAX + 1);
    open.delete(node);
    this.#costs.set(node, cost);
    return cost;
  }

  /** A local JSON pointer; names (`#foo`) are left to the compiler. */
  #resolve(reference: string): JsonValue | undefined {
    let node: JsonValue | undefined = this.#root;
    for (const part of decodeURIComponent(reference.slice(1)).split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      if (Array.isArray(node)) node = (node as readonly JsonValue[])[Number(key)];
      else node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
    }
    return node;
  }
}

/** How deep a value is nested: 1 for a scalar. */
export function depthOf(value: JsonValue | undefined): number {
  if (Array.isArray(value)) return 1 + (value as readonly JsonValue[]).reduce<number>((depth, item) => Math.max(depth, depthOf(item)), 0);
  if (!isObject(value)) return 1;
  return 1 + Object.values(value).reduce<number>((depth, item) => Math.max(depth, depthOf(item)), 0);
}
