/** Values in a workflow: what `{"$from": path}` stands for, and whether a condition holds. Nothing is evaluated but paths. */
import type { Condition } from '../model/workflow.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';

/** Own members only: no path leads to what every object has. */
export function at(scope: JsonObject, path: string): JsonValue | undefined {
  let found: JsonValue | undefined = scope;
  for (const [, key, index] of path.matchAll(/\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]/g)) {
    if (index !== undefined) found = Array.isArray(found) ? (found[Number(index)] as JsonValue | undefined) : undefined;
    else found = isObject(found) && Object.hasOwn(found, key ?? '') ? found[key ?? ''] : undefined;
  }
  return found;
}

/** The value with every reference replaced; one that leads nowhere becomes null. */
export function filled(value: JsonValue, scope: JsonObject): JsonValue {
  if (Array.isArray(value)) return (value as JsonValue[]).map((member) => filled(member, scope));
  if (!isObject(value)) return value;
  const { $from } = value;
  if (typeof $from === 'string' && Object.keys(value).length === 1) return at(scope, $from) ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, filled(member ?? null, scope)]));
}

export function holds(condition: Condition | undefined, scope: JsonObject): boolean {
  if (condition === undefined) return true;
  const value = at(scope, condition.path);
  const { path: _path, ...comparisons } = condition;
  const given = Object.entries(comparisons).filter(([, wanted]) => wanted !== undefined);
  return given.length === 0 ? isThere(value) : given.every(([name, wanted]) => COMPARES[name as keyof typeof comparisons](value, wanted as JsonValue));
}

const COMPARES: Readonly<Record<Exclude<keyof Condition, 'path'>, (value: JsonValue | undefined, wanted: JsonValue) => boolean>> = {
  equals: (value, wanted) => JSON.stringify(value) === JSON.stringify(wanted),
  notEquals: (value, wanted) => JSON.stringify(value) !== JSON.stringify(wanted),
  greater: (value, wanted) => typeof value === 'number' && value > Number(wanted),
  less: (value, wanted) => typeof value === 'number' && value < Number(wanted),
};

function isThere(value: JsonValue | undefined): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}
