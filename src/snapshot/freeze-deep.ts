/** Freezes plain data all the way down. Maps keep working: their type is read-only, and nobody else holds them. */
export function freezeDeep<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (value instanceof Map) value.forEach(freezeDeep);
  else Object.values(value).forEach(freezeDeep);
  return value;
}
