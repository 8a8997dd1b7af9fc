/** Walks over the texts of JSON: every string, keys too, however deep. What does not change stays the same object. */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';

/** Deeper is not looked at but refused: whoever walks must not overflow. */
const DEPTH_MAX = 200;

export interface TextMap {
  readonly value: (text: string) => string;
  /** Undefined leaves keys alone. */
  readonly key?: ((text: string) => string) | undefined;
  /** Members whose text is no prose but bytes: `data` and `blob` of MCP contents. */
  readonly isSkipped?: (key: string, parent: JsonObject) => boolean;
}

export function mapTexts(value: JsonObject, map: TextMap): JsonObject {
  return walk(value, map, 0) as JsonObject;
}

function walk(value: JsonValue | undefined, map: TextMap, depth: number): JsonValue | undefined {
  if (typeof value === 'string') return map.value(value);
  if (depth > DEPTH_MAX) throw new Error('nested too deeply');
  if (Array.isArray(value)) {
    let isChanged = false;
    const items = (value as readonly JsonValue[]).map((item) => {
      const changed = walk(item, map, depth + 1) as JsonValue;
      if (changed !== item) isChanged = true;
      return changed;
    });
    return isChanged ? items : value;
  }
  return isObject(value) && !('rawJSON' in value) ? walkObject(value, map, depth) : value;
}

function walkObject(value: JsonObject, map: TextMap, depth: number): JsonObject {
  let isChanged = false;
  const entries = Object.entries(value).map(([key, item]): [string, JsonValue | undefined] => {
    const newKey = map.key?.(key) ?? key;
    const newItem = map.isSkipped?.(key, value) === true ? item : walk(item, map, depth + 1);
    if (newKey !== key || newItem !== item) isChanged = true;
    return [newKey, newItem];
  });
  return isChanged ? Object.fromEntries(distinct(entries)) : value;
}

/** Two keys that became one keep both values: the later gets a number. */
function distinct(entries: readonly [string, JsonValue | undefined][]): [string, JsonValue | undefined][] {
  const taken = new Set<string>();
  return entries.map(([key, item]) => {
    let name = key;
    for (let count = 2; taken.has(name); count++) name = `${key} (${count})`;
    taken.add(name);
    return [name, item];
  });
}
