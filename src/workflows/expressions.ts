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
  const { equals, notEquals, greater, less } = condition;
  if (equals !== undefined && JSON.stringify(value) !== JSON.stringify(equals)) return false;
  if (notEquals !== undefined && JSON.stringify(value) === JSON.stringify(notEquals)) return false;
  if (greater !== undefined && !(typeof value === 'number' && value > greater)) return false;
  if (less !== undefined && !(typeof value === 'number' && value < less)) return false;
  if (equals !== undefined || notEquals !== undefined || greater !== undefined || less !== undefined) return true;
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0);
}
