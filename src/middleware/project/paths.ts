/** Paths into JSON (RFC 6901, with `*` for every item or member) as a tree, and what of a value they keep or drop. */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';

/** The steps below one place; `isEnd`: a path ends here, and means all that is below. */
export interface PathNode {
  readonly isEnd: boolean;
  readonly below: ReadonlyMap<string, PathNode>;
}

export interface Paths {
  readonly keep: PathNode | undefined;
  readonly drop: PathNode | undefined;
}

interface Growing {
  isEnd: boolean;
  readonly below: Map<string, Growing>;
}

export function readPaths(paths: readonly string[]): PathNode {
  const root: Growing = { isEnd: false, below: new Map() };
  for (const path of paths) {
    let node = root;
    for (const step of path.split('/').slice(1)) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const next = node.below.get(key) ?? { isEnd: false, below: new Map() };
      node.below.set(key, next);
      node = next;
    }
    node.isEnd = true;
  }
  return root;
}

/** What is meant by a step: by its own name, and by `*`. */
export function stepInto(nodes: readonly PathNode[], key: string): PathNode[] {
  return nodes.flatMap(({ below }) => [below.get(key), key === '*' ? undefined : below.get('*')].filter((node) => node !== undefined));
}

/** What the paths name; an object or array of which they name nothing is empty. */
export function kept(value: JsonValue | undefined, nodes: readonly PathNode[]): JsonValue | undefined {
  if (nodes.some(({ isEnd }) => isEnd)) return value;
  return mapBelow(value, (item, key) => {
    const next = stepInto(nodes, key);
    // A path that goes on where the value does not names nothing.
    return next.length === 0 || !(isBranch(item) || next.some(({ isEnd }) => isEnd)) ? undefined : kept(item, next);
  });
}

/** The value without what the paths name. */
export function dropped(value: JsonValue | undefined, nodes: readonly PathNode[]): JsonValue | undefined {
  return mapBelow(value, (item, key) => {
    const next = stepInto(nodes, key);
    if (next.some(({ isEnd }) => isEnd)) return undefined;
    return next.length === 0 ? item : dropped(item, next);
  });
}

/** Members and items for which there is a value. */
function mapBelow(value: JsonValue | undefined, change: (item: JsonValue, key: string) => JsonValue | undefined): JsonValue | undefined {
  if (!isBranch(value)) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item, index) => change(item, String(index))).filter((item) => item !== undefined);
  const entries = Object.entries(value as JsonObject).flatMap(([key, item]): [string, JsonValue][] => {
    const changed = item === undefined ? undefined : change(item, key);
    return changed === undefined ? [] : [[key, changed]];
  });
  return Object.fromEntries(entries);
}

function isBranch(value: JsonValue | undefined): boolean {
  return Array.isArray(value) || (isObject(value) && !('rawJSON' in value));
}
