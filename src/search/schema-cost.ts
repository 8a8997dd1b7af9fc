/**
 * What checking against a schema can cost. References make short schemas long: thirty definitions that each refer twice
 * to the next are a thousand million steps, so references are counted as if they were written out.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';

const DYNAMIC = ['$dynamicRef', '$recursiveRef', '$async'];

/** Nodes of a value; infinite where it is nested deeper than `depthMax`. */
export function countNodes(root: JsonValue, depthMax: number): number {
  let level: readonly JsonValue[] = [root];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) return Number.POSITIVE_INFINITY;
    nodes += level.length;
    level = level.flatMap(childrenOf);
  }
  return nodes;
}

/** Nodes of a schema with its references written out; infinite where it refers to itself or out of itself. */
export function expandedNodes(schema: JsonObject): number {
  return expand(schema, { root: schema, known: new Map() });
}

interface Expansion {
  readonly root: JsonObject;
  /** Infinite while its own nodes are being counted: whoever meets it then has come round. */
  readonly known: Map<JsonValue, number>;
}

function expand(value: JsonValue, expansion: Expansion): number {
  if (typeof value !== 'object' || value === null) return 1;
  const known = expansion.known.get(value);
  if (known !== undefined) return known;
  expansion.known.set(value, Number.POSITIVE_INFINITY);
  let nodes = 1;
  for (const child of childrenOf(value)) nodes += expand(child, expansion);
  if (isObject(value)) nodes += referredNodes(value, expansion);
  expansion.known.set(value, nodes);
  return nodes;
}

function referredNodes(schema: JsonObject, expansion: Expansion): number {
  if (DYNAMIC.some((key) => key in schema)) return Number.POSITIVE_INFINITY;
  const ref = schema['$ref'];
  if (ref === undefined) return 0;
  const target = typeof ref === 'string' ? pointedAt(expansion.root, ref) : undefined;
  return target === undefined ? Number.POSITIVE_INFINITY : expand(target, expansion);
}

/** A JSON pointer in a fragment (RFC 6901, section 6). */
function pointedAt(root: JsonObject, ref: string): JsonValue | undefined {
  if (ref === '#') return root;
  if (!ref.startsWith('#/')) return undefined;
  let value: JsonValue | undefined = root;
  for (const token of ref.slice(2).split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}

function childrenOf(value: JsonValue): readonly JsonValue[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).filter((child): child is JsonValue => child !== undefined);
}
